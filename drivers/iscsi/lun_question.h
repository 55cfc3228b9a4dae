// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_mark.h"
#include "drivers/iscsi/control.h"

#include <string>

namespace drivers::iscsi {

// Asks the LUN behind a session who it is and how large, one command at a time and without waiting:
// first what attentions it still owes, then its name, then its size. Whatever casts doubt on the
// answer while it is being asked begins it anew. Must outlive the session it was last used with.
class LunQuestion {
public:
    void begin(const LunMark& expected, TimePoint until) noexcept;
    // Sends and takes; the session is up. Call it when the session was served, or next_timer() has
    // come.
    void advance(Session& session, TimePoint now) noexcept;
    void restart() noexcept; // What it was told so far is in doubt.
    void drop() noexcept;    // Its session is gone.

    bool is_open() const noexcept { return step_ != Step::closed && step_ != Step::answered; }
    bool is_answered() const noexcept { return step_ == Step::answered; }
    bool is_late(TimePoint now) const noexcept { return is_open() && now >= until_; }
    const LunMark& seen() const noexcept { return seen_; }
    // A path in standby does not say how large the LUN is: seen() then repeats what was expected.
    bool owes_size() const noexcept { return owes_size_; }
    std::uint32_t last_sense() const noexcept { return last_sense_; } // Of what it did not tell.
    std::uint64_t attentions() const noexcept { return attentions_; } // Met since begin().
    std::string trouble() const; // What it last said instead of an answer; empty = nothing yet.
    TimePoint next_timer() const noexcept;

private:
    enum class Step : std::uint8_t { closed, draining, name, serial, size, small_size, answered };

    void ask(Session& session) noexcept;
    bool take(TimePoint now) noexcept; // False: ask again, now or later.
    void go(Step step) noexcept;

    Control control_;
    LunMark expected_;
    LunMark seen_;
    Step step_ = Step::closed;
    bool asked_ = false;
    bool is_stale_ = false; // The command that is out belongs to an answer that is in doubt.
    bool owes_size_ = false;
    int attentions_in_a_row_ = 0;
    std::uint64_t attentions_ = 0;
    std::uint32_t last_sense_ = 0;
    TimePoint not_before_{};
    TimePoint until_{};
};

} // namespace drivers::iscsi
