// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watch_account.h"
#include "bench/campaign/watch_words.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t text_max = 65536;

bench::campaign::WatchKnown known() {
    bench::campaign::WatchKnown out;
    out.array = "watched";
    out.captured_by = "a test";
    out.phases = {"load"};
    out.taps = {{"tap0", 0}};
    return out;
}

// What is taken for records is of this array, and its files are plain names.
void check(const bench::campaign::WatchAccount& account) {
    for (const results::EgressRecord& one : account.records) {
        if (one.array != "watched" || one.captured_by != "a test") {
            std::abort();
        }
    }
    for (const auto& [name, content] : account.files) {
        if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos) {
            std::abort();
        }
    }
}

} // namespace

// Input: what a child that was taken over says to its run: words, and as a handover.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string bytes(data, data + size);
    try {
        check(bench::campaign::account_from(bytes, known()));
    } catch (const drivers::HostError&) { // NOLINT(bugprone-empty-catch): as it should be.
    }
    bench::campaign::WatchWordStream stream;
    std::string again;
    try {
        stream.bytes() = bytes;
        while (const auto word = stream.next(text_max)) {
            again += word_bytes(*word);
        }
    } catch (const drivers::HostError&) {
        return 0;
    }
    if (bytes.compare(0, again.size(), again) != 0) {
        std::abort();
    }
    return 0;
}
