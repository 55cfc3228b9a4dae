// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/wire/packet.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench::egress {

struct Tally {
    std::uint64_t frames = 0;
    std::uint64_t bytes = 0; // On the wire

    void add(std::uint32_t wire_bytes) noexcept {
        ++frames;
        bytes += wire_bytes;
    }
    void add(const Tally& sum) noexcept {
        frames += sum.frames;
        bytes += sum.bytes;
    }
    bool operator==(const Tally&) const = default;
};

enum class BookPath : std::uint8_t { captured, allowed, unlisted, undecoded };

// The books of a capture: allowed + unlisted + undecoded = captured. Each term is summed where its
// frames pass, and `captured` straight from the record headers, so that a frame which falls between
// the paths breaks the balance.
class Ledger {
public:
    explicit Ledger(std::size_t rules)
        : allowed_(rules) {}

    void captured(std::uint32_t wire_bytes) noexcept {
        if (!mislays(BookPath::captured)) {
            captured_.add(wire_bytes);
        }
    }
    void allowed(std::size_t rule, std::uint32_t wire_bytes) noexcept {
        if (!mislays(BookPath::allowed)) {
            allowed_[rule].add(wire_bytes);
        }
    }
    void unlisted(std::uint32_t wire_bytes) noexcept {
        if (!mislays(BookPath::unlisted)) {
            unlisted_.add(wire_bytes);
        }
    }
    void undecoded(drivers::wire::Undecoded why, std::uint32_t wire_bytes) noexcept {
        if (!mislays(BookPath::undecoded)) {
            undecoded_[static_cast<std::size_t>(why)].add(wire_bytes);
        }
    }

    // The next frame on this path is not booked: by it the self-test proves that the balance tells.
    void mislay_next(BookPath path) noexcept { mislaid_ = path; }

    // From flow records: many frames at once.
    void captured(const Tally& sum) noexcept { captured_.add(sum); }
    void allowed(std::size_t rule, const Tally& sum) noexcept { allowed_[rule].add(sum); }
    void unlisted(const Tally& sum) noexcept { unlisted_.add(sum); }

    Tally captured() const noexcept { return captured_; }
    Tally allowed() const noexcept;
    Tally unlisted() const noexcept { return unlisted_; }
    Tally undecoded() const noexcept;
    const std::vector<Tally>& allowed_by_rule() const noexcept { return allowed_; }
    Tally undecoded(drivers::wire::Undecoded why) const noexcept {
        return undecoded_[static_cast<std::size_t>(why)];
    }

    bool balances() const noexcept;

private:
    static constexpr std::size_t reasons =
        static_cast<std::size_t>(drivers::wire::Undecoded::too_many_layers) + 1;

    bool mislays(BookPath path) noexcept {
        if (mislaid_ != path) [[likely]] {
            return false;
        }
        mislaid_.reset();
        return true;
    }

    std::optional<BookPath> mislaid_;
    Tally captured_;
    Tally unlisted_;
    std::vector<Tally> allowed_;
    std::array<Tally, reasons> undecoded_{};
};

const char* undecoded_text(drivers::wire::Undecoded why) noexcept;

} // namespace bench::egress
