#pragma once

#include "xrt/xrt_device.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
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
    void sync(xclBOSyncDirection direction, size_t bytes, size_t offset) {
        if (offset + bytes > host_->size())
            throw std::out_of_range("beyond the buffer");
        uint8_t *host = host_->data() + offset, *card = card_->data() + offset;
        if (direction == XCL_BO_SYNC_BO_TO_DEVICE)
            std::memcpy(card, host, bytes);
        else
            std::memcpy(host, card, bytes);
    }
    uint8_t *card() const { return card_->data(); }

  private:
    std::shared_ptr<std::vector<uint8_t>> host_, card_;
};

} // namespace xrt
