// The network on the board under Linux, real numbers in, real numbers out:
//   g++ -std=c++14 -O2 linux.cpp -o network
//   sudo ./network INPUT... OUTPUT...      files of float64, samples x values, one for each input and output
// README.md says what has to be loaded before.

#include "linux.hpp"
#include "program.hpp"

#include <cstdlib>

int main(int argc, char **argv) {
    try {
        const char *buffer = std::getenv("UDMABUF"), *batch = std::getenv("BATCH");
        accelgen::Linux platform(buffer ? buffer : "udmabuf0");
        accelgen::Board<accelgen::Linux> board(platform, batch ? std::stoul(batch) : 1024);
        accelgen::run_files(board, std::vector<std::string>(argv + 1, argv + argc));
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 1;
    }
}
