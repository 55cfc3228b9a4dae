// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/watch_words.h"

#include "drivers/api/errors.h"

#include <array>
#include <fmt/format.h>
#include <limits>

namespace bench::campaign {

namespace {

constexpr std::size_t number_bytes = 8;
// Kind, instant, number, place, the six books, length of the text; least significant byte first.
constexpr std::size_t numbers_count = 11;
constexpr std::size_t head_bytes = numbers_count * number_bytes;

using Numbers = std::array<std::uint64_t, numbers_count>;

Numbers numbers_of(const WatchWord& word) {
    return {static_cast<std::uint64_t>(word.kind),
            static_cast<std::uint64_t>(word.at_ns),
            word.number,
            word.place,
            word.books.frames,
            word.books.captured_bytes,
            word.books.allowed_bytes,
            word.books.unlisted_bytes,
            word.books.undecoded_bytes,
            static_cast<std::uint64_t>(word.books.watched_ns),
            word.text.size()};
}

Numbers numbers_at(std::string_view bytes) {
    Numbers out{};
    for (std::size_t i = 0; i < head_bytes; ++i) {
        out[i / number_bytes] |= std::uint64_t{static_cast<unsigned char>(bytes[i])}
                                 << (8 * (i % number_bytes));
    }
    return out;
}

void check(bool right, const char* what, std::uint64_t number) {
    if (!right) {
        throw drivers::HostError(
            fmt::format("the other end of a watch says what is no word: {} {}", what, number));
    }
}

} // namespace

std::string word_bytes(const WatchWord& word) {
    std::string out;
    out.reserve(head_bytes + word.text.size());
    for (const std::uint64_t number : numbers_of(word)) {
        for (std::size_t i = 0; i < number_bytes; ++i) {
            out += static_cast<char>(number >> (8 * i) & 0xFFU);
        }
    }
    return out + word.text;
}

std::optional<WatchWord> WatchWordStream::next(std::size_t text_bytes_max) {
    const std::string_view left = std::string_view(bytes_).substr(at_);
    if (left.size() < head_bytes) {
        bytes_.erase(0, at_);
        at_ = 0;
        return std::nullopt;
    }
    const auto [kind,
                at,
                number,
                place,
                frames,
                captured,
                allowed,
                unlisted,
                undecoded,
                watched,
                length] = numbers_at(left);
    check(kind <= static_cast<std::uint64_t>(WatchWord::Kind::failed), "kind", kind);
    check(place <= std::numeric_limits<std::uint16_t>::max(), "place", place);
    check(length <= text_bytes_max, "a text of bytes", length);
    if (left.size() - head_bytes < length) {
        return std::nullopt;
    }
    WatchWord out;
    out.kind = static_cast<WatchWord::Kind>(kind);
    out.at_ns = static_cast<std::int64_t>(at);
    out.number = number;
    out.place = static_cast<std::uint16_t>(place);
    out.books = {
        frames, captured, allowed, unlisted, undecoded, static_cast<std::int64_t>(watched)};
    out.text = left.substr(head_bytes, length);
    at_ += head_bytes + length;
    return out;
}

} // namespace bench::campaign
