// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/meeting.h"
#include "bench/hosts/sealing.h"
#include "drivers/api/errors.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace bench::hosts;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

// Opens a stream cut into pieces; what came of it, as far as it holds.
std::string opened(const SealKey& key, std::string_view stream, std::size_t piece) {
    Unsealer unsealer(key);
    std::string sealed;
    std::string plain;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
        sealed += stream.substr(at, piece);
        if (!unsealer.open(sealed, plain)) {
            break;
        }
    }
    return plain;
}

// Each three bytes: where a sealed stream is changed, and to what.
std::string changed(std::string stream, const std::uint8_t* data, std::size_t size) {
    for (std::size_t i = 0; i + 2 < size; i += 3) {
        stream[(std::size_t{data[i]} << 8U | data[i + 1]) % stream.size()] =
            static_cast<char>(data[i + 2]);
    }
    return stream;
}

} // namespace

// Input: the length of the pieces, and bytes that somebody without the key puts into a link, whole
// or as changes of a stream. Nothing comes of them but what was sealed, from the beginning on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    static const SealKey key = derived_key({}, "fuzz", "link");
    const std::size_t piece = std::max<std::size_t>(data[0], 1);
    const std::string bytes(data + 1, data + size);
    if (!opened(key, bytes, piece).empty()) {
        std::abort();
    }
    static const std::string whole = "first" + std::string(300, 'x') + "last";
    static const std::string stream = [] {
        Sealer sealer(key);
        std::string out = sealer.seal("first"); // In this order: each record has its place.
        out += sealer.seal(std::string(300, 'x'));
        return out + sealer.seal("last");
    }();
    if (!whole.starts_with(opened(key, changed(stream, data + 1, size - 1), piece)) ||
        opened(key, stream, piece) != whole) {
        std::abort();
    }
    try {
        (void)MeetingPlace::from_text(bytes);
    } catch (const drivers::HostError&) { // No place.
    }
    return 0;
}
