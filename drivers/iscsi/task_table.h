// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace drivers::iscsi {

// The commands that are out, by their task tags, which this end numbers one after the other: so
// that the tag itself finds a place near its own. Allocates only when more are out than ever.
class TaskTable {
public:
    struct Task {
        std::uint32_t tag = 0;
        std::uint32_t bytes = 0; // That it moves at most.
        bool reads = false;
        bool writes = false;
        bool used = true;
        std::uint32_t open_requests = 0; // For its data, which has not been sent yet.
        std::uint64_t moved = 0;         // Data that has come, or that was asked for.
    };

    TaskTable()
        : places_(256, free_place()) {}

    void put(const Task& task) {
        if (Task* known = find(task.tag)) { // Tags have gone round.
            *known = task;
            return;
        }
        if (++used_ * 2 > places_.size()) {
            grow();
        }
        places_[place_for(task.tag)] = task;
    }

    Task* find(std::uint32_t tag) noexcept {
        Task& found = places_[place_for(tag)];
        return found.used ? &found : nullptr;
    }

    // What follows moves up to where it wants to be, so that no search ends too early.
    void erase(std::uint32_t tag) noexcept {
        std::size_t hole = place_for(tag);
        if (!places_[hole].used) {
            return;
        }
        const std::size_t mask = places_.size() - 1;
        for (std::size_t next = (hole + 1) & mask; places_[next].used; next = (next + 1) & mask) {
            if (((next - places_[next].tag) & mask) >= ((next - hole) & mask)) {
                places_[hole] = places_[next];
                hole = next;
            }
        }
        places_[hole] = free_place();
        --used_;
    }

private:
    static Task free_place() noexcept {
        Task out;
        out.used = false;
        return out;
    }

    // Where it is, or would be.
    std::size_t place_for(std::uint32_t tag) const noexcept {
        const std::size_t mask = places_.size() - 1;
        std::size_t at = tag & mask;
        while (places_[at].used && places_[at].tag != tag) {
            at = (at + 1) & mask;
        }
        return at;
    }

    void grow() {
        std::vector<Task> old(places_.size() * 2, free_place());
        old.swap(places_);
        for (const Task& task : old) {
            if (task.used) {
                places_[place_for(task.tag)] = task;
            }
        }
    }

    std::vector<Task> places_; // A power of two, at most half full.
    std::size_t used_ = 0;
};

} // namespace drivers::iscsi
