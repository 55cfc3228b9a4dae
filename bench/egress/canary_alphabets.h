// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/canary_encoding.h"

#include <string_view>

namespace bench::egress {

// A writing in which each character stands for the same number of bits (RFC 4648).
struct Alphabet {
    unsigned bits;
    std::string_view letters;
    std::string_view also; // Letters of a second alphabet for the last digits.

    int digit_of(char letter) const noexcept;
};

const Alphabet* alphabet_of(Codec codec) noexcept; // None for codecs of other kinds
std::string_view letters_85(Codec codec) noexcept; // Empty for codecs of other kinds
std::size_t swap_bytes(Codec codec) noexcept;      // 1 for codecs of other kinds
std::string written(Codec codec, Bytes data);      // Without padding or folding
std::string wrapped(Wrapper wrapper, const std::string& text);

// Takes a wrapping off, one byte at a time.
class Unwrapper {
public:
    Unwrapper(Wrapper wrapper, Bytes bytes) noexcept
        : wrapper_(wrapper)
        , bytes_(bytes) {}

    int next() noexcept;     // -1: the bytes have ended, or cannot be read.
    int hex_pair() noexcept; // Two digits as they stand
    bool ended() const noexcept { return ended_; }

private:
    int take() noexcept;
    int escape() noexcept;
    int utf8(int first) noexcept;

    Wrapper wrapper_;
    Bytes bytes_;
    bool ended_ = false;
};

} // namespace bench::egress
