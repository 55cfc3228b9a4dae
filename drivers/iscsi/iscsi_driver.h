// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/iscsi/destination.h"
#include "drivers/iscsi/lun_facts.h"
#include "drivers/iscsi/lun_question.h"
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
    // How long one command is put off (unit attention, BUSY, TASK SET FULL, "becoming ready", ALUA
    // transition) and sent again after a pause; then it ends as `busy`.
    Duration ready_timeout = std::chrono::seconds(30);
    // Among several: a path in transition ends what it carries as `busy` at once, and one that is
    // lost gives back what it put off.
    bool has_other_paths = false;
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
    std::uint64_t questions = 0; // How often the LUN was asked again who it is.
};

// One session to one LUN. What a command's end means:
//   good, failed: the array said so. busy: it put the command off for longer than ready_timeout.
//   timed_out, fenced: the array acknowledged the abort; nothing of it will happen any more.
//   timed_out or lost, not fenced: the session was closed; a write may still land until fences()
//   rises, which it does when the session has been reinstated and shows the same LUN.
// Nothing that could write is sent on a connection before the LUN behind it has said that it is the
// same, as large and of the same blocks; nor after an attention that casts doubt on that: what had
// not left this host by then goes down with its connection. Another
// LUN in its place ends the driver. Answers that come while there is doubt wait for its end.
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
    DriverEnd ended() const noexcept override { return ended_; }
    std::string_view end_reason() const noexcept override { return end_reason_; }
    PutOff put_off() const noexcept override { return put_off_; }

    LunReport report() const; // As long as the session it was opened with stands.
    const IscsiCounts& counts() const noexcept { return counts_; }
    const std::string& trouble() const noexcept { return trouble_; } // Why the session last ended.

private:
    enum class Phase : std::uint8_t { up, reconnecting, dead };
    enum class Asking : std::uint8_t { nothing, access };

    static void answered(Command& command) noexcept;
    static void abort_answered(Command& command, bool aborted) noexcept;

    bool prepare(Slot& slot, const Request& request) noexcept;
    bool prepare_transfer(Slot& slot, const Request& request) noexcept;
    void end_here(Slot& slot, Status status, std::uint32_t sense) noexcept;
    void finish(Slot& slot, Status status, bool fenced) noexcept;
    void take_answer(Slot& slot) noexcept;
    void take_status(Slot& slot) noexcept;
    void take_good(Slot& slot) noexcept;
    bool is_sent_again(Slot& slot) noexcept;
    void hold(Slot& slot, TimePoint send_at) noexcept;
    bool send(Slot& slot) noexcept;
    bool send_unless_in_doubt(TimePoint now) noexcept;
    void send_pending() noexcept;
    void hold_pending(TimePoint now) noexcept;
    void send_held(TimePoint now) noexcept;
    bool waits_for_size(Slot& slot, TimePoint now) noexcept;
    void watch_size(TimePoint now) noexcept;
    bool leave_in_doubt(TimePoint now) noexcept;
    void lose_in_flight(TimePoint now) noexcept;
    void lose_held() noexcept;
    bool is_sure() const noexcept { return !in_doubt_ && !question_.is_open(); }
    void doubt(std::uint32_t sense) noexcept;
    void note_events() noexcept;
    void settle_doubt(TimePoint now) noexcept;
    bool is_same(TimePoint now) noexcept;
    void note_access(std::uint32_t sense) noexcept;
    void start_abort(Slot& slot, TimePoint now) noexcept;

    void serve(TimePoint now) noexcept;
    void expire(TimePoint now) noexcept;
    void settle_drained() noexcept;
    void lose_session(TimePoint now, std::string why) noexcept;
    void reconnect(TimePoint now) noexcept;
    void meet(TimePoint now) noexcept;
    void begin_question(TimePoint now) noexcept;
    void leave_attempt(TimePoint now) noexcept;
    LunFacts find_lun();
    void watch_access(TimePoint now) noexcept;
    void watch_socket() noexcept;
    void end(DriverEnd how, std::string why) noexcept;

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
    std::vector<Slot*> pending_; // Handed over once it has been read what the array said meanwhile.
    Control control_;
    LunQuestion question_;
    std::unique_ptr<Session> session_;
    Destination destination_;

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
    std::size_t held_ = 0;
    TimePoint next_send_ = TimePoint::max(); // Of those held.
    bool in_doubt_ = false;                  // Whether it is still the same LUN.
    std::uint64_t events_seen_ = 0;          // Of the session of the day.
    bool withholds_ = false;                 // What was answered since: it may be another LUN's.
    bool owes_size_ = false; // In standby it did not say how large it is: nothing is written.
    TimePoint next_size_ = TimePoint::max(); // When it is asked for it again.
    PutOff put_off_;
    DriverEnd ended_ = DriverEnd::none;
    std::string end_reason_;
    std::uint64_t fences_ = 0;
    bool session_broken_ = false; // An abort was refused: the session has to go.

    int wait_fd_ = -1; // An epoll set with the socket of the day, so that it stays the same.
    int watched_fd_ = -1;
    bool watching_writable_ = false;

    TimePoint next_attempt_{};
    TimePoint attempt_ends_{};
    TimePoint give_up_at_{};
};

// A session that is up, redirections followed and a portal that is too busy for it waited for.
// Throws ArrayError: refused, or not up in time.
std::unique_ptr<Session> open_session(SessionSettings settings,
                                      Destination& destination,
                                      const Clock& clock,
                                      Duration at_most);

} // namespace drivers::iscsi
