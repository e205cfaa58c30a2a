// A stand-in for hls_stream.h whose streams hold no more than their depth: the layers of a network run as
// coroutines, and one that reads an empty stream or writes a full one waits for the others. When all wait, the
// network has stopped: the program says what each waits for and ends with code 3.
//   DEPTHS="layer2_out=5 ..."   depths instead of those of the pragmas
//   MOVES=FILE                  every read and write of the first run, in order: "process r|w stream"

#ifndef HLS_STREAM_H_
#define HLS_STREAM_H_

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <sys/mman.h>
#include <ucontext.h>
#include <vector>

namespace bounded {

const size_t stack_bytes = size_t(1) << 28;

struct coroutine {
    std::function<void()> body;
    ucontext_t context;
    void *stack;
    bool done = false;
    std::string waits_for;
};

struct network {
    std::vector<std::unique_ptr<coroutine>> processes;
    ucontext_t scheduler;
    size_t current = 0;
    bool running = false, moved = false;
    std::FILE *moves = std::getenv("MOVES") ? std::fopen(std::getenv("MOVES"), "w") : nullptr;

    static network &get() {
        static network only;
        return only;
    }

    static void enter() {
        coroutine &self = *get().processes[get().current];
        self.body();
        self.done = get().moved = true;
        swapcontext(&self.context, &get().scheduler);
    }

    void add(std::function<void()> body) {
        processes.emplace_back(new coroutine{std::move(body)});
        coroutine &added = *processes.back();
        added.stack = mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        getcontext(&added.context);
        added.context.uc_stack.ss_sp = added.stack;
        added.context.uc_stack.ss_size = stack_bytes;
        added.context.uc_link = nullptr;
        makecontext(&added.context, enter, 0);
    }

    void run() {
        running = true;
        for (bool any = true; any;) {
            any = moved = false;
            for (current = 0; current < processes.size(); current++) {
                if (processes[current]->done)
                    continue;
                any = true;
                swapcontext(&scheduler, &processes[current]->context);
            }
            if (any && !moved) {
                for (auto &process : processes)
                    if (!process->done)
                        std::printf("stopped: %s\n", process->waits_for.c_str());
                std::exit(3);
            }
        }
        for (auto &process : processes)
            munmap(process->stack, stack_bytes);
        processes.clear();
        running = false;
        if (moves)
            std::fclose(moves);
        moves = nullptr;
    }

    void wait(const std::string &what) {
        coroutine &self = *processes[current];
        self.waits_for = what;
        swapcontext(&self.context, &scheduler);
    }

    void note(char what, const std::string &stream) {
        moved = true;
        if (moves && running)
            std::fprintf(moves, "%zu %c %s\n", current, what, stream.c_str());
    }
};

} // namespace bounded

namespace hls {

template <typename T> class stream {
  public:
    stream() {}
    stream(const char *name) : name(name) {}

    void set(const char *as, size_t holds) {
        name = as;
        depth = holds;
        const char *given = std::getenv("DEPTHS");
        const char *own = given ? std::strstr(given, (name + "=").c_str()) : nullptr;
        if (own)
            depth = std::strtoul(own + name.size() + 1, nullptr, 10);
    }

    T read() {
        while (data.empty())
            bounded::network::get().wait("read " + name);
        T head = data.front();
        data.pop_front();
        bounded::network::get().note('r', name);
        return head;
    }

    void write(const T &tail) {
        while (bounded::network::get().running && data.size() >= depth)
            bounded::network::get().wait("write " + name);
        data.push_back(tail);
        bounded::network::get().note('w', name);
    }

    bool empty() const { return data.empty(); }

  private:
    std::deque<T> data;
    std::string name;
    size_t depth = ~size_t(0);
};

} // namespace hls

#endif
