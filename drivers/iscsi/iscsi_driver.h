// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/iscsi/lun_facts.h"
#include "drivers/iscsi/slot_table.h"

#include <memory>
#include <vector>

namespace drivers::iscsi {

struct IscsiSettings {
    SessionSettings session;
    std::size_t depth = 32;
    Duration login_timeout = std::chrono::seconds(10);
    Duration command_timeout = std::chrono::seconds(30);
    Duration abort_timeout = std::chrono::seconds(2);
    Duration reconnect_timeout = std::chrono::seconds(60); // Then the driver gives up for good.
    Duration reconnect_pause = std::chrono::milliseconds(250);
    Duration access_interval{0}; // Asks for the ALUA state this often; 0 = only when told to.
    bool write_zeroes_may_unmap = false; // Sets the UNMAP bit of WRITE SAME.
};

struct IscsiCounts {
    std::uint64_t unit_attentions = 0; // Met, and the command sent once more.
    std::uint64_t busy = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t aborted = 0; // Of those timed out: ended by an acknowledged ABORT TASK.
    std::uint64_t sessions_lost = 0;
    std::uint64_t sessions_reinstated = 0;
};

// One session to one LUN. What a command's end means:
//   good, failed, busy: the array said so (a unit attention is answered by sending once more).
//   timed_out, fenced: the array acknowledged the abort; nothing of it will happen any more.
//   timed_out or lost, not fenced: the session was closed; a write may still land until fences()
//   rises, which it does when the session has been reinstated and shows the same LUN.
// Op::compare is VERIFY(16) with BYTCHK=1: the array compares. An array without it fails it.
class IscsiDriver final : public BlockDriver {
public:
    // Connects, logs in and asks the LUN who it is. Throws ArrayError or HostError.
    IscsiDriver(const IscsiSettings& settings, Clock& clock);
    ~IscsiDriver() override;

    const Geometry& geometry() const noexcept override { return geometry_; }
    const Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return slots_.depth(); }
    [[nodiscard]] bool submit(const Request& request) noexcept override;
    std::size_t poll(std::span<Completion> out) noexcept override;
    std::uint64_t fences() const noexcept override { return fences_; }
    Access access() const noexcept override;
    int wait_fd() const noexcept override { return wait_fd_; }
    TimePoint next_timer() const noexcept override;

    LunReport report() const; // As long as the session it was opened with stands.
    const IscsiCounts& counts() const noexcept { return counts_; }
    const std::string& trouble() const noexcept { return trouble_; } // Why the session last ended.

private:
    enum class Phase : std::uint8_t { up, reconnecting, dead };
    enum class Asking : std::uint8_t { nothing, who, access };

    static void answered(Command& command) noexcept;
    static void abort_answered(Command& command, bool aborted) noexcept;

    bool prepare(Slot& slot, const Request& request) noexcept;
    bool prepare_transfer(Slot& slot, const Request& request) noexcept;
    void end_here(Slot& slot, Status status, std::uint32_t sense) noexcept;
    void finish(Slot& slot, Status status, bool fenced) noexcept;
    void take_answer(Slot& slot) noexcept;
    void take_status(Slot& slot) noexcept;
    void note_access(std::uint32_t sense) noexcept;
    void start_abort(Slot& slot, TimePoint now) noexcept;

    void serve(TimePoint now) noexcept;
    void expire(TimePoint now) noexcept;
    void settle_drained() noexcept;
    void lose_session(TimePoint now, std::string why) noexcept;
    void reconnect(TimePoint now) noexcept;
    void take_who(TimePoint now) noexcept;
    void ask_who() noexcept;
    void watch_access(TimePoint now) noexcept;
    void watch_socket() noexcept;
    void give_up(std::string why) noexcept;

    IscsiSettings settings_;
    Clock& clock_;
    LunFacts facts_;
    Geometry geometry_;
    Identity identity_;
    IscsiCounts counts_;
    std::string trouble_;
    std::vector<std::byte> zero_block_;

    // What commands point into goes after the session that may touch it.
    SlotTable slots_;
    Control control_;
    std::unique_ptr<Session> session_;

    Phase phase_ = Phase::up;
    Asking asking_ = Asking::nothing;
    TimePoint asked_by_{};
    Access access_ = Access::optimized;
    bool access_stale_ = false;
    TimePoint next_access_ = TimePoint::max();
    std::size_t unflushed_ = 0;
    std::size_t aborting_ = 0;
    std::size_t abort_zombies_ = 0; // Answered, but the abort that was sent too is not.
    TimePoint next_abort_deadline_ = TimePoint::max();
    std::size_t draining_ = 0;
    std::uint64_t fences_ = 0;
    bool session_broken_ = false; // An abort was refused: the session has to go.

    int wait_fd_ = -1; // An epoll set with the socket of the day, so that it stays the same.
    int watched_fd_ = -1;
    bool watching_writable_ = false;

    TimePoint next_attempt_{};
    TimePoint attempt_ends_{};
    TimePoint give_up_at_{};
};

// A session that is up, redirections followed. Throws ArrayError: refused, or not up in time.
std::unique_ptr<Session>
open_session(SessionSettings settings, const Clock& clock, Duration at_most);

} // namespace drivers::iscsi
