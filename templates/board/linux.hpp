#ifndef ACCELGEN_LINUX_HPP_
#define ACCELGEN_LINUX_HPP_

// The platform of Linux: registers through /dev/mem, memory from the module u-dma-buf
// (https://github.com/ikwzm/udmabuf), which gives contiguous memory and says its physical address.

#include "registers.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <map>
#include <sys/mman.h>
#include <unistd.h>

namespace accelgen {

class Linux {
  public:
    // `buffer` names the u-dma-buf device; the folders are where Linux has it and what it says of it.
    explicit Linux(const std::string &buffer = "udmabuf0", const std::string &registers = "/dev/mem",
                   const std::string &devices = "/dev", const std::string &about = "/sys/class/u-dma-buf")
        : registers_(open_synchronous(registers)) {
        address_ = read_fact(about + "/" + buffer + "/phys_addr", 16);
        bytes_ = size_t(read_fact(about + "/" + buffer + "/size", 10));
        const int file = open_synchronous(devices + "/" + buffer);
        memory_ = static_cast<uint8_t *>(map(file, bytes_, 0));
        ::close(file);
    }

    ~Linux() {
        for (const auto &page : pages_)
            ::munmap(page.second, PAGE);
        ::munmap(memory_, bytes_);
        ::close(registers_);
    }

    Linux(const Linux &) = delete;
    Linux &operator=(const Linux &) = delete;

    void write(uint64_t address, uint32_t value) { *pointer(address) = value; }
    uint32_t read(uint64_t address) { return *pointer(address); }

    Buffer allocate(size_t bytes) {
        const size_t start = (used_ + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (start + bytes > bytes_)
            throw std::runtime_error("the u-dma-buf device has " + std::to_string(bytes_) + " bytes, " +
                                     std::to_string(start + bytes) + " are needed; make it larger or batches smaller");
        used_ = start + bytes;
        return Buffer{memory_ + start, address_ + start, bytes};
    }

    // O_SYNC maps the memory uncached, but its writes are buffered, and may come after those of registers.
    void flush(const Buffer &, size_t) { barrier(); }
    void invalidate(const Buffer &, size_t) { barrier(); }

    double seconds() {
        return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
    }

  private:
    enum : size_t { PAGE = 0x10000, ALIGNMENT = 4096 }; // a core's addresses; no AXI burst crosses 4 KB

    int registers_;
    uint64_t address_ = 0;
    size_t bytes_ = 0, used_ = 0;
    uint8_t *memory_ = nullptr;
    std::map<uint64_t, void *> pages_;

    // What is before is complete, for the programmable logic too, before what is after.
    static void barrier() {
#if defined(__aarch64__) || defined(__arm__)
        __asm__ volatile("dsb sy" ::: "memory");
#else
        std::atomic_thread_fence(std::memory_order_seq_cst);
#endif
    }

    static int open_synchronous(const std::string &path) {
        const int file = ::open(path.c_str(), O_RDWR | O_SYNC);
        if (file < 0)
            throw std::runtime_error(path + " cannot be opened: " + std::strerror(errno) +
                                     " (root and the module u-dma-buf are needed)");
        return file;
    }

    static void *map(int file, size_t bytes, uint64_t offset) {
        void *mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, off_t(offset));
        if (mapped == MAP_FAILED)
            throw std::runtime_error(std::string("memory cannot be mapped: ") + std::strerror(errno));
        return mapped;
    }

    static uint64_t read_fact(const std::string &path, int base) {
        std::ifstream file(path);
        std::string text;
        if (!(file >> text))
            throw std::runtime_error(path + " cannot be read; load the module u-dma-buf");
        return std::stoull(text, nullptr, base);
    }

    volatile uint32_t *pointer(uint64_t address) {
        const uint64_t start = address / PAGE * PAGE;
        void *&page = pages_[start];
        if (!page)
            page = map(registers_, PAGE, start);
        return static_cast<volatile uint32_t *>(page) + (address - start) / 4;
    }
};

} // namespace accelgen

#endif
