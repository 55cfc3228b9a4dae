// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/iscsi/command.h"

#include <deque>
#include <vector>

namespace drivers::iscsi {

enum class SlotState : std::uint8_t {
    idle,
    sent,
    aborting, // Timed out; ABORT TASK is on its way.
    draining, // Answered, but parts of its data are still queued.
    pending,  // Taken, and not handed to the session yet.
    held,     // Put off, by the array or until it is known who answers: to be sent again.
    ready     // Ended, waits to be polled.
};

struct Slot {
    void* driver = nullptr; // Whose it is.
    Command command;
    Completion end;
    Op op = Op::read;
    SlotState state = SlotState::idle;
    int attentions = 0;   // Met, and it was sent once more.
    int refusals = 0;     // "Not ready" and the like.
    bool may_run = false; // Held, but the array may have begun it in a session that is gone.
    TimePoint refused_first{};
    TimePoint send_at{};           // Held: not before.
    bool abort_unanswered = false; // May not be used again before the abort's answer.
    TimePoint deadline{};          // Sent: of the command. Aborting: of the abort.
    std::vector<std::byte> parameters;
    Slot* older = nullptr;
    Slot* newer = nullptr;

    bool changes_data() const noexcept {
        return op == Op::write || op == Op::unmap || op == Op::write_zeroes;
    }
};

// The requests a driver holds: a fixed number, the sent ones in order of age, the ended ones in the
// order of their end. Allocates only when built.
class SlotTable {
public:
    explicit SlotTable(std::size_t depth)
        : slots_(depth) {
        idle_.reserve(depth);
        for (Slot& slot : slots_) {
            idle_.push_back(&slot);
        }
        ready_.resize(depth);
    }

    std::size_t depth() const noexcept { return slots_.size(); }
    bool full() const noexcept { return idle_.empty(); }
    std::size_t sent() const noexcept { return sent_; }
    bool has_ready() const noexcept { return ready_count_ > 0; }
    Slot* oldest() const noexcept { return oldest_; }
    std::deque<Slot>& all() noexcept { return slots_; }

    Slot& take() noexcept {
        Slot& slot = *idle_.back();
        idle_.pop_back();
        slot.attentions = 0;
        slot.refusals = 0;
        slot.refused_first = {};
        slot.may_run = false;
        slot.abort_unanswered = false;
        return slot;
    }

    void link(Slot& slot) noexcept { // As the youngest of those sent.
        slot.older = youngest_;
        slot.newer = nullptr;
        (youngest_ != nullptr ? youngest_->newer : oldest_) = &slot;
        youngest_ = &slot;
        ++sent_;
    }

    void unlink(Slot& slot) noexcept {
        (slot.older != nullptr ? slot.older->newer : oldest_) = slot.newer;
        (slot.newer != nullptr ? slot.newer->older : youngest_) = slot.older;
        slot.older = nullptr;
        slot.newer = nullptr;
        --sent_;
    }

    void finish(Slot& slot) noexcept { // Its `end` is complete.
        slot.state = SlotState::ready;
        ready_[(ready_first_ + ready_count_++) % ready_.size()] = &slot;
    }

    std::size_t drain(std::span<Completion> out) noexcept {
        std::size_t count = 0;
        for (; count < out.size() && ready_count_ > 0; ++count) {
            Slot& slot = *ready_[ready_first_];
            ready_first_ = (ready_first_ + 1) % ready_.size();
            --ready_count_;
            out[count] = slot.end;
            slot.state = SlotState::idle;
            if (!slot.abort_unanswered) {
                idle_.push_back(&slot);
            }
        }
        return count;
    }

    // The abort that kept the slot from being used again has been answered, or its session is gone.
    void settle_abort(Slot& slot) noexcept {
        if (slot.abort_unanswered && slot.state == SlotState::idle) {
            idle_.push_back(&slot);
        }
        slot.abort_unanswered = false;
    }

private:
    std::deque<Slot> slots_; // Commands stay where they are.
    std::vector<Slot*> idle_;
    std::vector<Slot*> ready_;
    std::size_t ready_first_ = 0;
    std::size_t ready_count_ = 0;
    std::size_t sent_ = 0;
    Slot* oldest_ = nullptr;
    Slot* youngest_ = nullptr;
};

} // namespace drivers::iscsi
