// SPDX-License-Identifier: Apache-2.0
#include "results/journal_file.h"
#include "results/record_error.h"
#include "results/run_record_file.h"
#include "results/sinks.h"
#include "tests/fuzz/scratch_file.h"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::string honest_journal() {
    const fuzz::ScratchFile file;
    {
        results::JournalWriter writer(file.path());
        writer.append("run started", {{"seed", "7"}}, {1, 2});
        writer.append("round finished", {{"index", "0"}, {"file", "rounds/000-a.json"}}, {3, 4});
        writer.append("run ended", {{"exit_code", "0"}}, {5, 6});
    }
    std::ifstream in(file.path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// Whatever is changed in a journal: what is still read of it is what was written, from the
// beginning on.
void read_forged(const results::Journal& honest, const std::string& text) {
    static const fuzz::ScratchFile file;
    file.hold(text);
    try {
        const results::Journal read = results::read_journal(file.path());
        for (std::size_t i = 0; i < read.entries.size() && i < honest.entries.size(); ++i) {
            const bool is_same = read.entries[i].hash == honest.entries[i].hash;
            const bool says_same = read.entries[i].kind == honest.entries[i].kind &&
                                   read.entries[i].fields == honest.entries[i].fields;
            if (is_same != says_same) {
                std::abort();
            }
        }
    } catch (const results::RecordError&) {
        return;
    }
}

void journal(std::string_view bytes) {
    static const std::string text = honest_journal();
    static const results::Journal honest = [] {
        const fuzz::ScratchFile file;
        file.hold(text);
        return results::read_journal(file.path());
    }();
    std::string forged = text; // Each three bytes: where, and what.
    for (std::size_t i = 0; i + 2 < bytes.size(); i += 3) {
        const std::size_t at = (std::size_t{static_cast<unsigned char>(bytes[i])} << 8U |
                                static_cast<unsigned char>(bytes[i + 1])) %
                               forged.size();
        forged[at] = bytes[i + 2];
    }
    read_forged(honest, forged);
    read_forged(honest, std::string(bytes));
}

} // namespace

// Input: which file of a run's folder, and its content. It is refused with a place, or what was
// read can be written and reported.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::string text(data + 1, data + size);
    try {
        switch (data[0] % 3) {
        case 0: {
            const results::RoundRecord round = results::round_from_text(text, "round");
            const std::string written = results::round_text(round);
            if (results::round_text(results::round_from_text(written, "round")) != written) {
                std::abort();
            }
            break;
        }
        case 1: {
            const results::RunRecord run = results::result_from_text(text, "result.json");
            (void)results::markdown_report(run);
            break;
        }
        default:
            journal(text);
        }
    } catch (const results::RecordError&) {
        return 0;
    }
    return 0;
}
