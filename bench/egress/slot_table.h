// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

namespace bench::egress {

// Finds the numbers of entries that are kept elsewhere by their hashes, which must be keyed with a
// secret where the entries come from outside. Open addressing, at most half full. It grows a few
// places at each insertion: none pays for all before it.
class SlotTable {
public:
    static constexpr std::uint32_t none = 0xFFFFFFFFU;

    SlotTable()
        : now_(places_at_first) {}

    // The number inserted under this hash for which `is(number)` holds; none = there is none.
    template <class Is>
    std::uint32_t find(std::uint32_t hash, const Is& is) const {
        const std::uint32_t found = now_.find(hash, is);
        return found != none || !old_.places ? found : old_.find(hash, is);
    }

    // A number below `none - 1` that is not there yet.
    void insert(std::uint32_t hash, std::uint32_t number) {
        if ((size_ + 1) * 2 > now_.mask + 1) {
            grow();
        }
        now_.put(word_of(hash, number));
        ++size_;
        move_on();
    }

    void erase(std::uint32_t hash, std::uint32_t number) noexcept {
        size_ -= old_.bury(word_of(hash, number)) | now_.remove(word_of(hash, number)) ? 1U : 0U;
    }

    std::size_t size() const noexcept { return size_; }
    std::uint64_t probes() const noexcept { return now_.probes + old_.probes; } // Places looked at

private:
    static constexpr std::size_t places_at_first = 64;
    static constexpr std::size_t places_moved = 4; // At each insertion; two would be in time.
    static constexpr std::uint64_t empty = 0;
    static constexpr std::uint64_t number_mask = 0xFFFFFFFFU;

    // A hash, and a number plus one; 0 = empty. The number of a grave is all ones.
    static std::uint64_t word_of(std::uint32_t hash, std::uint32_t number) noexcept {
        return std::uint64_t{hash} << 32U | (number + 1U);
    }

    struct Freed {
        void operator()(std::uint64_t* places) const noexcept { std::free(places); }
    };

    struct Places {
        Places() = default;
        explicit Places(std::size_t count) // Of zeros that the kernel gives out page by page.
            : places(static_cast<std::uint64_t*>(std::calloc(count, sizeof(std::uint64_t))))
            , mask(count - 1) {
            if (!places) {
                throw std::bad_alloc();
            }
        }

        template <class Is>
        std::uint32_t find(std::uint32_t hash, const Is& is) const {
            for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
                ++probes;
                const std::uint64_t word = places[at];
                if (word == empty) {
                    return none;
                }
                if (word >> 32U == hash && (word & number_mask) != number_mask &&
                    is(static_cast<std::uint32_t>((word & number_mask) - 1))) {
                    return static_cast<std::uint32_t>((word & number_mask) - 1);
                }
            }
        }

        void put(std::uint64_t word) noexcept {
            std::size_t at = word >> 32U & mask;
            while (places[at] != empty) {
                at = (at + 1) & mask;
            }
            places[at] = word;
        }

        std::size_t place_of(std::uint64_t word) const noexcept { // mask + 1 = nowhere
            for (std::size_t at = word >> 32U & mask; places && places[at] != empty;
                 at = (at + 1) & mask) {
                if (places[at] == word) {
                    return at;
                }
            }
            return mask + 1;
        }

        // Linear probing needs no graves if what follows is moved up to where it wants to be.
        bool remove(std::uint64_t word) noexcept {
            std::size_t hole = place_of(word);
            if (hole > mask) {
                return false;
            }
            for (std::size_t next = (hole + 1) & mask; places[next] != empty;
                 next = (next + 1) & mask) {
                const std::size_t home = places[next] >> 32U & mask;
                if (((next - home) & mask) >= ((next - hole) & mask)) {
                    places[hole] = places[next];
                    hole = next;
                }
            }
            places[hole] = empty;
            return true;
        }

        // Where entries are being moved out none may change its place.
        bool bury(std::uint64_t word) noexcept {
            const std::size_t at = place_of(word);
            if (!places || at > mask) {
                return false;
            }
            places[at] |= number_mask;
            return true;
        }

        std::unique_ptr<std::uint64_t[], Freed> places;
        std::size_t mask = 0;
        mutable std::uint64_t probes = 0;
    };

    void grow() {
        move_all();
        Places wider((now_.mask + 1) * 2);
        wider.probes = now_.probes;
        old_ = std::move(now_);
        old_.probes = 0;
        now_ = std::move(wider);
        moved_ = 0;
    }

    void move_one() noexcept {
        const std::uint64_t word = old_.places[moved_++];
        if (word != empty && (word & number_mask) != number_mask) {
            now_.put(word);
        }
    }

    void move_on() noexcept {
        for (std::size_t i = 0; old_.places && i < places_moved; ++i) {
            move_one();
            if (moved_ > old_.mask) {
                now_.probes += old_.probes;
                old_ = Places();
            }
        }
    }

    void move_all() noexcept {
        while (old_.places) {
            move_on();
        }
    }

    Places now_;
    Places old_;            // While it grows: what has not been moved is here alone.
    std::size_t moved_ = 0; // Places of old_ that were
    std::size_t size_ = 0;
};

} // namespace bench::egress
