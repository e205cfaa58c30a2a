// Runs the network on tb_data/inputs.txt and compares every bit with tb_data/outputs.txt. A line of these
// holds one sample: the codes of all inputs or outputs in order, as decimal 64-bit words (accelgen_words.h).

#include <cstdio>
#include <fstream>
#include <vector>

#include "accelgen_run.h"

static bool read(std::ifstream &file, std::vector<std::vector<uint64_t>> &sample) {
    for (auto &values : sample)
        for (auto &word : values) {
            long long signed_word;
            if (!(file >> signed_word))
                return false;
            word = uint64_t(signed_word);
        }
    return true;
}

int main(int argc, char **argv) {
    const std::string folder = argc > 1 ? argv[1] : "tb_data";
    std::ifstream inputs(folder + "/inputs.txt"), outputs(folder + "/outputs.txt");
    if (!inputs || !outputs) {
        std::printf("FAIL: %s lacks inputs.txt or outputs.txt\n", folder.c_str());
        return 1;
    }
    std::vector<std::vector<uint64_t>> given, expected, computed;
    for (size_t words : accelgen::input_words)
        given.emplace_back(words);
    for (size_t words : accelgen::output_words)
        expected.emplace_back(words), computed.emplace_back(words);
    const uint64_t *from[accelgen::n_inputs];
    uint64_t *to[accelgen::n_outputs];
    for (size_t i = 0; i < accelgen::n_inputs; i++)
        from[i] = given[i].data();
    for (size_t i = 0; i < accelgen::n_outputs; i++)
        to[i] = computed[i].data();

    size_t samples = 0, wrong = 0;
    for (; read(inputs, given); samples++) {
        if (!read(outputs, expected)) {
            std::printf("FAIL: outputs.txt ends after %zu samples\n", samples);
            return 1;
        }
        accelgen::run(from, to);
        if (computed != expected && wrong++ < 10)
            std::printf("sample %zu differs\n", samples);
    }
    std::printf("%s: %zu of %zu samples equal in every bit\n", wrong || !samples ? "FAIL" : "PASS",
                samples - wrong, samples);
    return wrong || !samples ? 1 : 0;
}
