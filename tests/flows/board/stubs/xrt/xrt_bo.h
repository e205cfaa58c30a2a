#pragma once

#include "xrt/xrt_device.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

enum xclBOSyncDirection { XCL_BO_SYNC_BO_TO_DEVICE, XCL_BO_SYNC_BO_FROM_DEVICE };

namespace xrt {

// The host's copy and the card's, which sync copies.
class bo {
  public:
    bo(const device &, size_t bytes, int)
        : host_(new std::vector<uint8_t>(bytes, 0xAA)), card_(new std::vector<uint8_t>(bytes, 0x55)) {}
    template <class Pointer> Pointer map() { return reinterpret_cast<Pointer>(host_->data()); }
    void sync(xclBOSyncDirection direction) {
        (direction == XCL_BO_SYNC_BO_TO_DEVICE ? *card_ : *host_) = direction == XCL_BO_SYNC_BO_TO_DEVICE ? *host_ : *card_;
    }
    uint8_t *card() const { return card_->data(); }

  private:
    std::shared_ptr<std::vector<uint8_t>> host_, card_;
};

} // namespace xrt
