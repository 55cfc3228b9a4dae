// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace bench::judge {

// What one round said of the load it was given. Unclear: it did not keep what it had to, but the
// bench or the emulator may have been the reason.
enum class Vote : std::uint8_t { sustained, failed, unclear };

struct SearchSettings {
    std::vector<std::uint32_t> rungs; // Numbers of targets, ascending.
    bool bisect = false;              // Else up step by step.
    std::uint32_t rounds = 1;         // Bisect: at each number; the majority decides.
    std::size_t stride = 5;           // Rungs per step until something fails.
    std::uint32_t start = 0;          // Nearest to so many targets.
};

// Finds the highest rung that an array sustains. In steps, a rung holds with its first sustained
// round, and falls with its second failed one, since one hiccup of a host is no array's limit. By
// bisection every rung gets all its rounds. Rungs that stay unclear end the search from above.
class CapacitySearch {
public:
    explicit CapacitySearch(SearchSettings settings);

    std::optional<std::uint32_t> next() const; // Targets of the round to run now; none: done.
    void tell(std::uint32_t targets, Vote vote);

    struct Votes {
        std::uint32_t sustained = 0;
        std::uint32_t failed = 0;
        std::uint32_t unclear = 0;
    };
    const std::map<std::uint32_t, Votes>& votes() const noexcept { return votes_; }

    enum class End : std::uint8_t { open, array, offer, bench };
    End end() const;                             // What stopped the search from above.
    std::optional<std::uint32_t> found() const;  // The highest that held; none: not even the least.
    std::optional<std::uint32_t> beyond() const; // The lowest that did not.

    // Sustained in every round there and below, and in none there and above.
    std::optional<std::uint32_t> sustained_always() const;
    std::optional<std::uint32_t> sustained_never() const;

private:
    enum class State : std::uint8_t { open, held, fell, unclear };
    State state_of(const Votes& votes) const;
    void advance();

    SearchSettings settings_;
    std::map<std::uint32_t, Votes> votes_; // By targets.
    std::optional<std::size_t> good_;
    std::optional<std::size_t> bad_;
    bool bad_is_unclear_ = false;
    std::size_t at_ = 0;
    bool done_ = false;
};

// Each number a resolution above the one before, the last one exactly `to`.
std::vector<std::uint32_t> rungs_between(double from, double to, double resolution);

} // namespace bench::judge
