// SPDX-License-Identifier: Apache-2.0
// Segments and fragments in orders that nobody honest sends.
#include "tests/perf/hostile_traffic.h"

#include <algorithm>

namespace tests::perf {

using namespace drivers::wire;

namespace {

// Random segments in order, of one connection.
Traffic in_order(const std::vector<std::size_t>& frame_bytes) {
    std::uint64_t state = 123456789;
    Traffic out;
    Talk talk(ends_of(0x0A000001, 0x0A800001, 9999));
    for (const std::size_t bytes : frame_bytes) {
        if (bytes <= tcp_overhead_bytes) {
            talk.open(out);
        } else {
            talk.say(out, random_bytes(state, bytes - tcp_overhead_bytes));
        }
    }
    return out;
}

using Say = std::function<void(Traffic& out, const Talk& talk, std::uint64_t& state)>;

Contest tcp(const char* input, const Say& say) {
    return {"TCP order",
            input,
            [say] {
                std::uint64_t state = 88172645463325252ULL;
                Traffic out;
                Talk talk(ends_of(0x0A000001, 0x0A800001, 9999));
                talk.open(out);
                say(out, talk, state);
                return out;
            },
            in_order};
}

void backwards(Traffic& out, const Talk& talk, std::uint64_t& state, std::uint32_t piece_bytes) {
    constexpr std::uint32_t pieces = 20'000;
    for (std::uint32_t i = pieces; i-- > 0;) {
        talk.say_at(out, 1 + i * piece_bytes, random_bytes(state, piece_bytes));
    }
}

void with_holes(Traffic& out, const Talk& talk, std::uint64_t& state, std::uint32_t piece_bytes) {
    constexpr std::uint32_t pieces = 30'000;
    for (std::uint32_t i = 0; i < pieces; ++i) {
        talk.say_at(out, 2 + i * (piece_bytes + 1), random_bytes(state, piece_bytes));
    }
}

// All but the first byte, as often as fits, and then the first.
void dammed_up(Traffic& out, const Talk& talk, std::uint64_t& state) {
    constexpr std::uint32_t segments_held = 600;
    std::uint32_t at = 1;
    for (int round = 0; round < 30; ++round) {
        for (std::uint32_t i = 0; i < segments_held; ++i) {
            talk.say_at(out, at + 1 + i * 1448, random_bytes(state, 1448));
        }
        talk.say_at(out, at, random_bytes(state, 1));
        at += 1 + segments_held * 1448;
    }
}

// Each segment repeats all of the one before but a byte.
void sliding(Traffic& out, const Talk& talk, std::uint64_t& state) {
    constexpr std::uint32_t pieces = 30'000;
    for (std::uint32_t i = 0; i < pieces; ++i) {
        talk.say_at(out, 1 + i, random_bytes(state, 1448));
    }
}

// Connections of a few bytes, opened, told and closed; with a hole, closing is what tells them.
Traffic reopened(std::uint32_t hole_bytes) {
    std::uint64_t state = 88172645463325252ULL;
    Traffic out;
    for (int i = 0; i < 10'000; ++i) {
        Talk talk(ends_of(0x0A000001, 0x0A800001, 9999));
        talk.open(out);
        talk.say_at(out, 1 + hole_bytes, random_bytes(state, 8));
        talk.end(out);
    }
    return out;
}

struct Piece {
    std::uint16_t id = 0;
    std::size_t from = 0;
    std::size_t bytes = 8;
    bool more = true;
};

std::vector<std::byte> fragment(const Piece& piece, std::uint64_t& state) {
    std::vector<std::byte> out = udp_frame(ends_of(0x0A000001, 0x0A800001, 9999), "");
    out.resize(34); // Ethernet and IPv4
    const std::string payload = random_bytes(state, piece.bytes);
    const auto put16 = [&](std::size_t at, std::size_t value) {
        out[at] = static_cast<std::byte>(value >> 8U);
        out[at + 1] = static_cast<std::byte>(value & 0xFFU);
    };
    put16(16, 20 + payload.size());
    put16(18, piece.id);
    put16(20, piece.from / 8 | (piece.more ? 0x2000U : 0U));
    const Bytes bytes = std::as_bytes(std::span(payload));
    out.insert(out.end(), bytes.begin(), bytes.end());
    return out;
}

// Datagrams in two fragments, in order.
Traffic in_pairs(const std::vector<std::size_t>& frame_bytes) {
    std::uint64_t state = 123456789;
    Traffic out;
    std::size_t first_bytes = 0;
    for (std::size_t i = 0; i < frame_bytes.size(); ++i) {
        Piece piece;
        piece.id = static_cast<std::uint16_t>(i / 2);
        piece.bytes = std::max<std::size_t>((frame_bytes[i] - 34) / 8 * 8, 8);
        piece.from = i % 2 == 0 ? 0 : first_bytes;
        piece.more = i % 2 == 0;
        first_bytes = piece.bytes;
        out.push_back(fragment(piece, state));
    }
    return out;
}

Contest fragments(const char* input, const std::function<Piece(std::size_t number)>& piece) {
    return {"fragments",
            input,
            [piece] {
                std::uint64_t state = 88172645463325252ULL;
                Traffic out;
                for (std::size_t i = 0; i < 40'000; ++i) {
                    out.push_back(fragment(piece(i), state));
                }
                return out;
            },
            in_pairs};
}

} // namespace

std::vector<Contest> order_contests() {
    constexpr std::size_t pieces_of_one = 8000;
    return {
        tcp("single bytes backwards",
            [](Traffic& out, const Talk& talk, std::uint64_t& state) {
                backwards(out, talk, state, 1);
            }),
        tcp("whole segments backwards",
            [](Traffic& out, const Talk& talk, std::uint64_t& state) {
                backwards(out, talk, state, 1448);
            }),
        tcp("single bytes, every second missing",
            [](Traffic& out, const Talk& talk, std::uint64_t& state) {
                with_holes(out, talk, state, 1);
            }),
        tcp("whole segments, a byte missing between",
            [](Traffic& out, const Talk& talk, std::uint64_t& state) {
                with_holes(out, talk, state, 1448);
            }),
        tcp("a megabyte that waits for one byte", dammed_up),
        tcp("each segment a byte further", sliding),
        {"TCP order",
         "connections closed over holes",
         [] { return reopened(2); },
         [](const std::vector<std::size_t>&) {
             return reopened(0);
         }},
        fragments("eight bytes each, backwards",
                  [](std::size_t i) {
                      return Piece{static_cast<std::uint16_t>(i / pieces_of_one),
                                   (pieces_of_one - i % pieces_of_one) * 8};
                  }),
        fragments("datagrams without end",
                  [](std::size_t i) {
                      return Piece{static_cast<std::uint16_t>(i), 0, 24};
                  }),
        fragments("overlapping by all but eight bytes",
                  [](std::size_t i) {
                      return Piece{static_cast<std::uint16_t>(i / 6000), i % 6000 * 8, 1400};
                  }),
        fragments("every second hole filled by long ones",
                  [](std::size_t i) {
                      const std::size_t in = i % 4040;
                      const auto id = static_cast<std::uint16_t>(i / 4040);
                      return in < 4000 ? Piece{id, in * 16} : Piece{id, (in - 4000) * 1400, 1400};
                  }),
        fragments("last pieces without a first",
                  [](std::size_t i) {
                      return Piece{static_cast<std::uint16_t>(i), 65'400, 64, false};
                  }),
    };
}

} // namespace tests::perf
