// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/host_letters.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

using namespace bench::campaign;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

template <typename Read>
void read_letter(const Read& read) {
    try {
        read();
    } catch (const bench::hosts::HostLost&) { // Whoever writes such is not one of us.
    }
}

} // namespace

// Input: which letter, and the letter, as another host might send it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string letter(data + 1, data + size);
    static const bench::plan::Plan plan;
    switch (data[0] % 8) {
    case 0:
        read_letter([&] {
            const PlanFiles files = plan_from(letter);
            for (const auto& [name, content] : files) {
                if (name.empty() || name[0] == '/' || name.find("..") != std::string::npos) {
                    std::abort(); // Would be written outside of the folder.
                }
            }
            if (plan_from(plan_letter(files)) != files) {
                std::abort();
            }
        });
        break;
    case 1:
        read_letter([&] { (void)arrays_from(letter); });
        break;
    case 2:
        read_letter([&] { (void)ordered_from(letter); });
        break;
    case 3:
        read_letter([&] { (void)load_from(letter, plan); });
        break;
    case 4:
        read_letter([&] { (void)verify_from(letter); });
        break;
    case 5:
        read_letter([&] { (void)round_from(letter); });
        break;
    case 6:
        read_letter([&] {
            if (accesses_letter(accesses_from(letter)) != letter) {
                std::abort();
            }
        });
        break;
    default:
        read_letter([&] { (void)words_from(letter); });
        read_letter([&] {
            const RecallLetter recall = recall_from(letter);
            if (recall_from(recall_letter(recall)).piece != recall.piece) {
                std::abort();
            }
        });
        read_letter([&] {
            const ExpectationLetter wanted = expectation_from(letter);
            if (expectation_from(expectation_letter(wanted)).from_bytes != wanted.from_bytes) {
                std::abort();
            }
        });
        break;
    }
    return 0;
}
