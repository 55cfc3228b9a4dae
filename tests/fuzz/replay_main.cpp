// SPDX-License-Identifier: Apache-2.0
// Stands in for libFuzzer's main where the compiler has none: replays a corpus folder and seeded
// mutations of it, so that every fuzz target is also an ordinary test under the sanitizers.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

constexpr std::size_t mutations_per_input = 2000;
constexpr std::size_t input_bytes_max = 65536;

void run(const Input& input) {
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

Input mutated(Input input, std::mt19937_64& random) {
    const std::size_t changes = 1 + random() % 8;
    for (std::size_t i = 0; i < changes; ++i) {
        const std::size_t at = input.empty() ? 0 : random() % input.size();
        switch (random() % 5) {
        case 0: // flip a bit
            if (!input.empty()) {
                input[at] = static_cast<std::uint8_t>(input[at] ^ (1U << (random() % 8)));
            }
            break;
        case 1: // an interesting byte
            if (!input.empty()) {
                static constexpr std::uint8_t interesting[] = {0, 1, 0x7f, 0x80, 0xff, 0xc0, 0x20};
                input[at] = interesting[random() % std::size(interesting)];
            }
            break;
        case 2: // cut the end
            input.resize(at);
            break;
        case 3: // insert
            input.insert(input.begin() + static_cast<std::ptrdiff_t>(at),
                         static_cast<std::uint8_t>(random()));
            break;
        default: // repeat a stretch
            if (!input.empty() && input.size() * 2 < input_bytes_max) {
                const Input stretch(input.begin() + static_cast<std::ptrdiff_t>(at), input.end());
                input.insert(input.end(), stretch.begin(), stretch.end());
            }
            break;
        }
    }
    input.resize(std::min(input.size(), input_bytes_max));
    return input;
}

} // namespace

int main(int argc, char** argv) {
    std::vector<Input> corpus{{}};
    if (argc > 1 && std::filesystem::is_directory(argv[1])) {
        for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
            std::ifstream in(entry.path(), std::ios::binary);
            corpus.emplace_back(std::istreambuf_iterator<char>(in),
                                std::istreambuf_iterator<char>());
        }
    }
    std::sort(corpus.begin(), corpus.end());
    std::mt19937_64 random(20260101);
    for (const Input& input : corpus) {
        run(input);
        for (std::size_t i = 0; i < mutations_per_input; ++i) {
            run(mutated(input, random));
        }
    }
    std::printf("%zu inputs, %zu mutations each\n", corpus.size(), mutations_per_input);
    return 0;
}
