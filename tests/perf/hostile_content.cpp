// SPDX-License-Identifier: Apache-2.0
// Content that is meant to keep a canary search busy, packed or not.
#include "bench/egress/canary_encoding.h"
#include "tests/perf/hostile_traffic.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

namespace tests::perf {

namespace {

constexpr std::size_t content_bytes = 8U << 20U;

std::string repeated(const std::string& text, std::size_t bytes) {
    std::string out;
    out.reserve(bytes + text.size());
    while (out.size() < bytes) {
        out += text;
    }
    out.resize(bytes);
    return out;
}

// A stream's bytes made as long as those of the hostile one.
Traffic streamed(const std::function<std::string(std::uint64_t& state, std::size_t bytes)>& bytes,
                 const std::vector<std::size_t>& frame_bytes) {
    std::uint64_t state = 123456789;
    std::size_t all = 0;
    std::size_t longest = 1;
    for (const std::size_t one : frame_bytes) {
        const std::size_t payload = one - std::min(one, tcp_overhead_bytes);
        all += payload;
        longest = std::max(longest, payload);
    }
    return segments(bytes(state, all), longest);
}

Contest content(const char* input, const std::string& unit, std::size_t payload_bytes) {
    return {"canary search",
            input,
            [unit, payload_bytes] {
                return segments(repeated(unit, payload_bytes * content_bytes / full_payload_bytes),
                                payload_bytes);
            },
            [](const std::vector<std::size_t>& frame_bytes) {
                return streamed(random_text, frame_bytes);
            }};
}

std::string as_text(drivers::wire::Bytes bytes) {
    std::string out;
    for (const std::byte one : bytes) {
        out += std::to_integer<char>(one);
    }
    return out;
}

// Sectors of random data with a token in each, as the bench writes them.
std::string
stamped(const bench::integrity::CanaryKeyFile& key, std::uint64_t& state, std::size_t bytes) {
    const bench::integrity::CanaryPlanter planter(key.key, {.lun = 1});
    std::string out;
    while (out.size() < bytes) {
        out += as_text(planter.token(out.size()));
        out += random_bytes(state, 512 - bench::integrity::canary_token_bytes);
    }
    out.resize(bytes);
    return out;
}

Contest tokens(const bench::integrity::CanaryKeyFile& key,
               const char* input,
               const std::function<std::string()>& bytes) {
    return {"canaries found",
            input,
            [bytes] { return segments(bytes(), full_payload_bytes); },
            [key](const std::vector<std::size_t>& frame_bytes) {
                return streamed([&](std::uint64_t& state,
                                    std::size_t count) { return stamped(key, state, count); },
                                frame_bytes);
            }};
}

std::string deflated(const std::string& text, int window_bits) {
    z_stream stream{};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 32, '\0');
    std::string in = text;
    stream.next_in = reinterpret_cast<Bytef*>(in.data()); // NOLINT
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data()); // NOLINT
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

constexpr int gzip_window = 31;
constexpr int zlib_window = 15;

std::string zstd_packed(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

// Gzip streams of random text, one behind the other.
std::string usual_gzip(std::uint64_t& state, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) {
        out += deflated(random_text(state, 400'000), gzip_window);
    }
    out.resize(bytes);
    return out;
}

// Of so small texts that each datagram has several.
std::string small_gzip(std::uint64_t& state, std::size_t bytes) {
    std::string out;
    while (out.size() < bytes) {
        out += deflated(random_text(state, 400), gzip_window);
    }
    out.resize(bytes);
    return out;
}

Contest packed(const char* input, const std::function<std::string()>& unit) {
    return {"packed content",
            input,
            [unit] { return segments(repeated(unit(), content_bytes / 2), full_payload_bytes); },
            [](const std::vector<std::size_t>& frame_bytes) {
                return streamed(usual_gzip, frame_bytes);
            }};
}

Contest heads(const char* input, const std::string& unit) {
    return {"packed beginnings",
            input,
            [unit] { return segments(repeated(unit, content_bytes / 2), full_payload_bytes); },
            [](const std::vector<std::size_t>& frame_bytes) {
                return streamed(small_gzip, frame_bytes);
            }};
}

// Deflate blocks with tables of their own and no content, ended at once.
std::string tables_without_content() {
    struct Bits {
        std::string out;
        unsigned held = 0;
        unsigned count = 0;
        void put(unsigned value, unsigned bits) {
            held |= value << count;
            for (count += bits; count >= 8; count -= 8) {
                out += static_cast<char>(held & 0xFFU);
                held >>= 8U;
            }
        }
    } bits;
    for (int block = 0; block < 2000; ++block) {
        bits.put(0b100, 3); // Not the last, of dynamic tables
        bits.put(0, 5);     // 257 literals and lengths
        bits.put(0, 5);     // One distance
        bits.put(14, 4);    // 18 code lengths, in the order of RFC 1951 section 3.2.7
        // 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1: 18 and 1 have one bit each.
        for (int i = 0; i < 18; ++i) {
            bits.put(i == 2 || i == 17 ? 1 : 0, 3);
        }
        // Codes: 1 = 0, 18 = 1. Zero lengths 138 + 118 times, then 256 and the distance of one bit.
        bits.put(1, 1);
        bits.put(127, 7);
        bits.put(1, 1);
        bits.put(107, 7);
        bits.put(0, 1);
        bits.put(0, 1);
        bits.put(0, 1); // 256, the end
    }
    return std::string("\x78\x9c", 2) + bits.out;
}

} // namespace

std::vector<Contest> content_contests(const bench::integrity::CanaryKeyFile& key) {
    using namespace bench::egress;
    const bench::integrity::CanaryMarker marker = bench::integrity::canary_marker(key.key);
    const std::string raw = as_text(marker);
    std::string nearly;
    for (const Encoding& encoding : all_encodings()) {
        std::string pattern = pattern_of(encoding, marker);
        pattern.pop_back();
        nearly += pattern + "~";
    }
    std::string two_ways;
    const bench::integrity::CanaryPlanter one(key.key, {.lun = 1});
    const bench::integrity::CanaryPlanter two(key.key, {.lun = 2});
    for (std::uint64_t at = 0; at < 64; ++at) {
        two_ways += as_text((at % 2 == 0 ? one : two).token(at)) + std::string(90, '.');
    }
    return {
        content("line ends alone", "\n", full_payload_bytes),
        content("lines of sixteen letters", "ABCDEFGHIJKLMNOP\n", full_payload_bytes),
        content("lines of sixteen letters, CR LF", "ABCDEFGHIJKLMNOP\r\n", full_payload_bytes),
        content("base64 in folded lines", std::string(76, 'Q') + "\r\n", full_payload_bytes),
        content("a fold, then line ends",
                std::string(20, 'Q') + "\n" + std::string(400, '\n'),
                full_payload_bytes),
        content("the letter x, with which zlib begins", "x", full_payload_bytes),
        content("markers but for their last letter", nearly, full_payload_bytes),
        content("a raw marker but for its last byte", raw.substr(0, 15), full_payload_bytes),
        content("neighbours that differ as a marker's",
                std::string({'a',
                             static_cast<char>('a' ^ raw[0] ^ raw[1]),
                             static_cast<char>('a' ^ raw[0] ^ raw[2])}),
                full_payload_bytes),
        content("single bytes in folded lines", "ABCDEFGHIJKLMNOP\n", 1),
        content("sixteen bytes of letters x each", "x", 16),
        tokens(key, "markers end to end", [raw] { return repeated(raw, content_bytes); }),
        tokens(key,
               "tokens end to end",
               [key] {
                   const bench::integrity::CanaryPlanter planter(key.key, {.lun = 1});
                   std::string out;
                   while (out.size() < content_bytes) {
                       out += as_text(planter.token(out.size()));
                   }
                   return out;
               }),
        tokens(key,
               "tokens of two LUNs in turn",
               [two_ways] { return repeated(two_ways, content_bytes); }),
        tokens(key,
               "markers in every encoding",
               [marker] {
                   std::string all;
                   for (const Encoding& encoding : all_encodings()) {
                       all += pattern_of(encoding, marker) + "~";
                   }
                   return repeated(all, content_bytes);
               }),
    };
}

std::vector<Contest> packed_contests() {
    const std::string zeros(32U << 20U, '\0');
    return {
        packed("a bomb of zeros, gzip", [zeros] { return deflated(zeros, gzip_window); }),
        packed("a bomb of zeros, zlib", [zeros] { return deflated(zeros, zlib_window); }),
        packed("a bomb of zeros, zstd", [zeros] { return zstd_packed(zeros); }),
        packed("a bomb in a bomb",
               [zeros] {
                   return deflated(repeated(deflated(zeros, gzip_window), 8U << 20U), gzip_window);
               }),
        packed("a bomb of folded lines",
               [] { return deflated(repeated("ABCDEFGHIJKLMNOP\n", 32U << 20U), gzip_window); }),
        packed("a bomb of line ends",
               [] { return deflated(std::string(32U << 20U, '\n'), gzip_window); }),
        packed("four streams at a time",
               [zeros] {
                   // Stored blocks: each stream is inside all before it.
                   std::string out;
                   for (int i = 0; i < 4; ++i) {
                       out += std::string("\x78\x9c\0\xff\xff\0\0", 7);
                   }
                   return out + deflated(repeated("some text ", 60'000), gzip_window);
               }),
        packed("tables without content", tables_without_content),
        packed("many small frames, zstd",
               [] {
                   std::uint64_t state = 1;
                   std::string out;
                   for (int i = 0; i < 1000; ++i) {
                       out += zstd_packed(random_text(state, 300));
                   }
                   return out;
               }),
        heads("beginnings of gzip", std::string("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10)),
        heads("beginnings of gzip with a name", std::string("\x1f\x8b\x08\x08\0\0\0\0\0\xff", 10)),
        heads("beginnings of zlib", std::string("\x78\x9c", 2)),
        heads("beginnings of zlib, broken soon", std::string("\x78\x9c\x05\xff\xff", 5)),
        heads("beginnings of zstd", std::string("\x28\xb5\x2f\xfd\x04\x88", 6)),
        heads("beginnings of lz4", std::string("\x04\x22\x4d\x18\x60\x40\x82", 7)),
    };
}

} // namespace tests::perf
