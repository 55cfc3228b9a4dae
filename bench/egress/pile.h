// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace bench::egress {

// A sequence that only grows, a chunk at a time, and never moves what it holds: no addition pays
// for all before it, and references stay good.
template <class Item>
class Pile {
public:
    Item& emplace_back() {
        if (size_ == chunks_.size() * chunk_items) {
            chunks_.push_back(std::make_unique<Chunk>());
        }
        return (*this)[size_++];
    }
    void push_back(Item item) { emplace_back() = std::move(item); }

    Item& operator[](std::size_t at) noexcept {
        return (*chunks_[at / chunk_items])[at % chunk_items];
    }
    const Item& operator[](std::size_t at) const noexcept {
        return (*chunks_[at / chunk_items])[at % chunk_items];
    }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }

    class Iterator {
    public:
        Iterator(const Pile& pile, std::size_t at) noexcept
            : pile_(&pile)
            , at_(at) {}
        const Item& operator*() const noexcept { return (*pile_)[at_]; }
        Iterator& operator++() noexcept {
            ++at_;
            return *this;
        }
        bool operator==(const Iterator& other) const noexcept { return at_ == other.at_; }

    private:
        const Pile* pile_;
        std::size_t at_;
    };
    Iterator begin() const noexcept { return {*this, 0}; }
    Iterator end() const noexcept { return {*this, size_}; }

private:
    static constexpr std::size_t chunk_items = 32;
    using Chunk = std::array<Item, chunk_items>;

    std::vector<std::unique_ptr<Chunk>> chunks_;
    std::size_t size_ = 0;
};

} // namespace bench::egress
