// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "bench/egress/pile.h"
#include "bench/egress/slot_table.h"
#include "bench/integrity/sip_hash.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace bench::egress {

// What is remembered by keys from outside, as long as there is room: a new one takes the place of
// one that has not been asked for lately. Each call costs the same, whoever chooses the keys.
// A key tells hash(secret).
template <class Key, class Item>
class RecentTable {
public:
    explicit RecentTable(std::size_t items_max)
        : items_max_(items_max) {}

    Item* find(const Key& key) {
        const std::uint32_t at = place_of(key, hash_of(key));
        return at == SlotTable::none ? nullptr : &places_[at].held->item;
    }

    // Made if new; `gone(key, item)` hears of the one that made room.
    template <class Gone>
    Item& find_or_make(const Key& key, const Gone& gone) {
        const std::uint32_t hash = hash_of(key);
        std::uint32_t at = place_of(key, hash);
        if (at == SlotTable::none) {
            at = free_place(gone);
            places_[at].held.emplace(key);
            table_.insert(hash, at);
        }
        places_[at].lately = true;
        return places_[at].held->item;
    }

    void erase(const Key& key) {
        const std::uint32_t hash = hash_of(key);
        if (const std::uint32_t at = place_of(key, hash); at != SlotTable::none) {
            table_.erase(hash, at);
            places_[at].held.reset();
            free_.push_back(at);
        }
    }

    template <class Hearer>
    void for_each(const Hearer& hearer) {
        for (std::size_t at = 0; at < places_.size(); ++at) {
            if (places_[at].held) {
                hearer(places_[at].held->key, places_[at].held->item);
            }
        }
    }

    std::size_t size() const noexcept { return table_.size(); }
    std::uint64_t forgotten() const noexcept { return forgotten_; }

private:
    struct Held {
        explicit Held(const Key& its_key)
            : key(its_key) {}
        Key key;
        Item item{};
    };
    struct Place {
        std::optional<Held> held;
        bool lately = false;
    };

    std::uint32_t hash_of(const Key& key) const noexcept {
        return static_cast<std::uint32_t>(key.hash(secret_));
    }

    std::uint32_t place_of(const Key& key, std::uint32_t hash) const {
        return table_.find(hash, [&](std::uint32_t at) { return places_[at].held->key == key; });
    }

    template <class Gone>
    std::uint32_t free_place(const Gone& gone) {
        if (!free_.empty()) {
            const std::uint32_t at = free_.back();
            free_.pop_back();
            return at;
        }
        if (places_.size() < items_max_) {
            places_.emplace_back();
            return static_cast<std::uint32_t>(places_.size() - 1);
        }
        constexpr int second_chances = 8;
        for (int i = 0; i < second_chances && places_[hand_].lately; ++i) {
            places_[hand_].lately = false;
            hand_ = (hand_ + 1) % places_.size();
        }
        const auto at = static_cast<std::uint32_t>(hand_);
        hand_ = (hand_ + 1) % places_.size();
        Place& place = places_[at];
        gone(std::as_const(place.held->key), place.held->item);
        table_.erase(hash_of(place.held->key), at);
        place.held.reset();
        ++forgotten_;
        return at;
    }

    std::size_t items_max_;
    integrity::SipSecret secret_ = integrity::drawn_secret();
    Pile<Place> places_;
    SlotTable table_;
    std::vector<std::uint32_t> free_;
    std::size_t hand_ = 0;
    std::uint64_t forgotten_ = 0;
};

} // namespace bench::egress
