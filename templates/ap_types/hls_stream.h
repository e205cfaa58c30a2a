#ifndef X_HLS_STREAM_SIM_H
#define X_HLS_STREAM_SIM_H

// hls::stream in simulation, by accelgen in place of one on std::deque, which takes half of the time that a
// project with streams takes to compile. The guard is that one's.

#include <cstddef>
#include <cstdio>
// which programs get from that one
#include <iostream>
#include <string>

namespace hls {

inline void warn_of_stream(const char *name, const char *fault) {
    std::printf("WARNING: Hls::stream '%s' %s, which may result in RTL simulation hanging.\n", name, fault);
}

template <class T> class stream {
  public:
    explicit stream(const char *name = "hls_stream") : name(name), values(nullptr), capacity(0), first(0), count(0) {}

    ~stream() {
        if (count)
            warn_of_stream(name, "contains leftover data");
        delete[] values;
    }

    bool empty() const { return count == 0; }
    bool full() const { return false; }
    size_t size() const { return count; }

    T read() {
        if (!count) {
            warn_of_stream(name, "is read while empty");
            return T();
        }
        const size_t at = first;
        first = (first + 1) & (capacity - 1);
        count--;
        return values[at];
    }

    void read(T &head) { head = read(); }

    bool read_nb(T &head) {
        const bool read_one = count != 0;
        head = read_one ? read() : T();
        return read_one;
    }

    void write(const T &tail) {
        if (count == capacity)
            grow();
        values[(first + count++) & (capacity - 1)] = tail;
    }

    bool write_nb(const T &tail) {
        write(tail);
        return true;
    }

    void operator>>(T &head) { read(head); }
    void operator<<(const T &tail) { write(tail); }

  private:
    const char *name;
    T *values;
    size_t capacity; // a power of two
    size_t first, count;

    stream(const stream &);
    stream &operator=(const stream &);

    void grow() {
        const size_t more = capacity ? 2 * capacity : 16;
        T *moved = new T[more];
        for (size_t i = 0; i < count; i++)
            moved[i] = values[(first + i) & (capacity - 1)];
        delete[] values;
        values = moved;
        capacity = more;
        first = 0;
    }
};

} // namespace hls

#endif
