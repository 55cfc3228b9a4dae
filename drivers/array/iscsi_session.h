// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/iscsi_node.h"
#include "drivers/array/iscsi_receiver.h"
#include "drivers/array/iscsi_sender.h"
#include "drivers/array/iscsi_task.h"

#include <deque>
#include <functional>
#include <map>
#include <queue>

namespace drivers::array {

// The full-feature phase of one session on its one connection: takes complete PDUs, runs their
// commands and queues the answers; owns no socket. What a hostile initiator sends ends at worst in
// the end of its own session.
class IscsiSession {
public:
    enum class Verdict : std::uint8_t { keep, close };

    struct Start {
        SessionParameters parameters;
        NexusId nexus = 0;
        std::uint16_t controller = 0;
        std::uint32_t cmd_sn = 0;  // Of the next command.
        std::uint32_t stat_sn = 0; // Of the next answer.
        // Ends the connection: at once, which only another connection may ask for, or soon.
        std::function<void(bool at_once)> end;
    };
    IscsiSession(IscsiNode& node, IscsiSender& sender, Start start);
    ~IscsiSession();
    IscsiSession(const IscsiSession&) = delete;
    IscsiSession& operator=(const IscsiSession&) = delete;

    wire::MutableBytes place(const ReceivedPdu& pdu) noexcept; // For a long PDU's data.
    Verdict take(const ReceivedPdu& pdu, TimePoint now);

    TimePoint next_due() const noexcept; // TimePoint::max(): nothing is held.
    Verdict release_due(TimePoint now);

    void ping(); // NOP-In that wants an answer.
    void announce_end(wire::iscsi::AsyncEvent event);
    void abort_tasks(std::optional<std::uint16_t> lun); // Nothing: of every unit.
    void end(bool at_once) { start_.end(at_once); }

    const SessionParameters& parameters() const noexcept { return start_.parameters; }
    NexusId nexus() const noexcept { return start_.nexus; }
    std::uint16_t controller() const noexcept { return start_.controller; }
    bool is_waiting_for_pong() const noexcept { return ping_tag_ != wire::iscsi::no_tag; }

private:
    struct Held {
        TimePoint ready;
        std::uint32_t slot;
        std::uint16_t generation;
        bool operator>(const Held& other) const noexcept { return ready > other.ready; }
    };
    struct Deferred { // Arrived before its turn.
        wire::iscsi::BasicHeader header;
        std::vector<std::byte> ahs;
        std::vector<std::byte> data;
    };

    Verdict dispatch(const ReceivedPdu& pdu, TimePoint now);
    bool admit(const ReceivedPdu& pdu); // By its CmdSN; false: not now or never.
    Verdict take_deferred(TimePoint now);

    Verdict take_command(const ReceivedPdu& pdu, TimePoint now);
    Verdict begin_collecting(std::uint32_t slot, const ReceivedPdu& pdu);
    Verdict take_data_out(const ReceivedPdu& pdu, TimePoint now);
    Verdict after_burst(std::uint32_t slot, bool is_final, TimePoint now);
    std::optional<std::uint32_t>
    slot_of_data(const wire::iscsi::BasicHeader& header) const noexcept;
    bool fits_burst(const IscsiTask& task, const wire::iscsi::BasicHeader& header) const noexcept;
    std::uint32_t burst_end(const IscsiTask& task) const noexcept;
    void ask_for_data(std::uint32_t slot);
    Verdict run(std::uint32_t slot, wire::MutableBytes data, TimePoint now);
    Verdict fail(std::uint32_t slot, wire::scsi::SenseKey key, std::uint16_t sense_code);
    void carry_out_aborts();

    void respond(IscsiTask& task);
    void send_data_in(IscsiTask& task);
    void send_response(IscsiTask& task);
    void stamp(wire::iscsi::BasicHeader& header, bool has_status) noexcept;
    void reject(const wire::iscsi::BasicHeader& header, wire::iscsi::RejectReason reason);

    Verdict take_task_management(const ReceivedPdu& pdu);
    wire::iscsi::TaskAnswer manage(const wire::iscsi::BasicHeader& header);
    wire::iscsi::TaskAnswer abort_task(const wire::iscsi::BasicHeader& header);
    Verdict take_nop(const ReceivedPdu& pdu);
    Verdict take_text(const ReceivedPdu& pdu);
    Verdict take_logout(const ReceivedPdu& pdu);
    std::string answer_text();
    void send_text_piece(const wire::iscsi::BasicHeader& request);

    std::optional<std::uint32_t> free_slot(bool immediate) noexcept;
    void release(IscsiTask& task) noexcept;
    void drop(std::uint32_t slot) noexcept; // Without an answer.

    IscsiNode& node_;
    IscsiSender& sender_;
    Start start_;
    std::vector<IscsiTask> tasks_;
    std::vector<std::uint32_t> free_slots_;
    std::uint32_t active_ = 0; // Numbered commands without their answer.
    std::uint32_t active_immediate_ = 0;
    std::priority_queue<Held, std::vector<Held>, std::greater<>> held_;
    std::map<std::uint32_t, Deferred> deferred_;
    std::deque<std::uint32_t> ended_tags_; // Their late data is no error.
    Buffer incoming_;                      // Data of a command whose PDU is not complete yet.
    std::optional<std::uint32_t> streaming_slot_;
    std::vector<std::byte> small_data_; // Long data of anything but commands.
    std::string text_request_;
    std::string text_rest_; // Of an answer that needs several PDUs.
    std::uint32_t ping_tag_ = wire::iscsi::no_tag;
    std::uint32_t last_ping_ = 0;
    std::uint32_t last_text_tag_ = 0;
    bool is_ending_ = false;
};

} // namespace drivers::array
