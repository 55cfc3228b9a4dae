// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/nvme_tcp/controller.h"
#include "drivers/nvme_tcp/recovery.h"
#include "drivers/nvme_tcp/settings.h"
#include "drivers/wire/nvme_ana_reader.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace drivers::nvme_tcp {

// One queue to one namespace over NVMe/TCP, with its own admin queue for keep-alive, events, aborts
// and resets. After a lost connection it reconnects by itself and takes no request meanwhile. Who
// the namespace is, is asked on every connection, and within one after every event that says that
// namespaces or their access have changed: until the answer is the same as ever, nothing is sent.
class NvmeTcpDriver final : public BlockDriver {
public:
    NvmeTcpDriver(Settings settings, Clock& clock); // Throws UsageError, ArrayError.
    ~NvmeTcpDriver() override;
    NvmeTcpDriver(const NvmeTcpDriver&) = delete;
    NvmeTcpDriver& operator=(const NvmeTcpDriver&) = delete;

    const Geometry& geometry() const noexcept override { return geometry_; }
    const Identity& identity() const noexcept override { return identity_; }
    std::size_t depth() const noexcept override { return jobs_.size(); }
    [[nodiscard]] bool submit(const Request& request) noexcept override;
    std::size_t poll(std::span<Completion> out) noexcept override;
    std::uint64_t fences() const noexcept override { return fences_; }
    Access access() const noexcept override;
    DriverEnd ended() const noexcept override { return end_; }
    std::string_view end_reason() const noexcept override { return end_reason_; }
    PutOff put_off() const noexcept override { return put_off_; }
    int wait_fd() const noexcept override { return events_.number(); }
    TimePoint next_timer() const noexcept override;

    // Why the connection was last lost; empty if it never was.
    const std::string& last_fault() const noexcept { return last_fault_; }
    std::uint64_t reconnects() const noexcept { return reconnects_; }
    std::uint64_t ana_changes() const noexcept { return ana_changes_; }
    wire::nvme::AnaState ana_state() const noexcept { return ana_state_; }

private:
    static constexpr std::uint16_t none = 0xFFFF;

    struct Job { // One request in flight, sent as one command after another where it is too large.
        Request request;
        std::uint64_t done_blocks = 0; // Unmap: ranges done.
        std::uint64_t part_blocks = 0; // Unmap: ranges in the command that is out.
        TimePoint deadline{};
        std::uint16_t command_id = 0;
        std::uint16_t previous = none; // In the order of their deadlines.
        std::uint16_t next = none;
        bool busy = false;
        bool outstanding = false; // A command of it is with the controller.
        bool parked = false;      // Its next command waits: for an answer, a pause or a connection.
        bool aborting = false;
        bool expired = false;    // Its time-out is why the association ends.
        std::uint16_t tries = 0; // How often the controller has put it off.
        std::uint16_t last_code = 0;
        TimePoint put_off_since{};
        TimePoint retry_at{};
    };

    // Requests.
    std::uint16_t objection(const Request& request) const noexcept;
    bool send_part(std::uint16_t index) noexcept;
    QueueCommand make_part(std::uint16_t index) noexcept;
    void part_done(std::uint16_t index, const wire::nvme::CompletionEntry& entry) noexcept;
    void finish(std::uint16_t index, Status status, std::uint32_t sense, bool fenced) noexcept;
    void append_by_deadline(std::uint16_t index, TimePoint deadline) noexcept;
    void remove(std::uint16_t index) noexcept;

    // Commands that the controller puts off.
    bool is_put_off(const Job& job, const wire::nvme::CompletionEntry& entry) const noexcept;
    void pause(std::uint16_t index, const wire::nvme::CompletionEntry& entry) noexcept;
    void send_parked() noexcept;
    static Status status_of(const Job& job, std::uint16_t code) noexcept;

    // Who the namespace is, asked within an association.
    static constexpr Duration routine_interval = std::chrono::seconds(1);
    enum class Asked : std::uint8_t { nothing, changed_list, identify, descriptors, ana };
    void heard(std::uint32_t event) noexcept;
    void ask_identity() noexcept;
    void ask_routinely() noexcept;
    void ask_next() noexcept;
    void on_asked(Asked what, const wire::nvme::CompletionEntry& entry) noexcept;
    bool has_more_of_ana() noexcept;
    void ask_again_later(std::uint16_t code) noexcept;
    void judge_identity(bool has_descriptors);
    void send_asked(Asked what,
                    const wire::nvme::SubmissionEntry& entry,
                    std::span<std::byte> data) noexcept;
    bool holds() const noexcept { return wants_identity_ && !is_routine_; }
    std::string place() const;

    // The association.
    void learn(const NamespaceFacts& facts);
    void watch();
    void start_events() noexcept;
    void event_ended(const wire::nvme::CompletionEntry& entry) noexcept;
    void poll_io() noexcept;
    void poll_admin() noexcept;
    void on_admin(const QueueCompletion& completion) noexcept;
    void check_timers() noexcept;
    void job_expired(std::uint16_t index) noexcept;
    void lose(const std::string& fault) noexcept;
    void break_off(const Queue& queue, const char* which) noexcept;
    void recover() noexcept;
    void resume(Recovered recovered);
    void give_up(DriverEnd end, const std::string& reason) noexcept;
    void set_ana_state(wire::nvme::AnaState state) noexcept;
    void send_admin(std::uint64_t tag,
                    const wire::nvme::SubmissionEntry& entry,
                    std::span<std::byte> data = {}) noexcept;

    Settings settings_;
    Clock& clock_;
    Geometry geometry_;
    Identity identity_;
    std::uint64_t part_blocks_max_ = 0;
    std::uint16_t optional_commands_ = 0;

    std::unique_ptr<Controller> controller_; // Null while the connection is lost.
    Recovery recovery_;
    Descriptor events_; // epoll
    bool watches_writing_ = false;
    TimePoint now_{};
    TimePoint next_keep_alive_ = TimePoint::max();
    TimePoint keep_alive_deadline_ = TimePoint::max();
    TimePoint next_admin_poll_{};

    std::vector<Job> jobs_;
    std::vector<std::uint16_t> free_;
    std::uint16_t oldest_ = none;
    std::uint16_t newest_ = none;
    std::vector<std::byte> range_lists_; // Dataset Management, one piece per job.
    std::vector<Completion> done_;       // Ring: finished and not yet handed out.
    std::size_t done_head_ = 0;
    std::size_t done_count_ = 0;
    std::vector<QueueCompletion> arrived_;

    // What has been asked, or is to be, since an event came.
    struct Pages {
        wire::nvme::IdentifyPage identify{};
        wire::nvme::IdentifyPage descriptors{};
        std::array<std::byte, wire::nvme::changed_namespaces_bytes> log{};
    };
    std::unique_ptr<Pages> pages_ = std::make_unique<Pages>();
    LunMark mark_; // Who the namespace was at first.
    Asked asked_ = Asked::nothing;
    bool wants_list_ = false;
    bool wants_identity_ = false; // Until it is known nothing is sent, but for routine.
    bool is_routine_ = false;     // Nothing says that it might be another one.
    bool wants_ana_ = false;
    bool asked_too_early_ = false;              // An event came after the identity was asked for.
    TimePoint asking_since_{};                  // The question that is out.
    TimePoint hold_since_{};                    // wants_identity_
    TimePoint ask_at_ = TimePoint::max();       // Once more, after a refusal.
    TimePoint next_routine_ = TimePoint::max(); // Where no event would come.
    unsigned event_errors_ = 0;
    wire::nvme::AnaReader ana_reader_;
    TimePoint next_retry_ = TimePoint::max(); // Of the parked jobs.
    PutOff put_off_;

    wire::nvme::AnaState ana_state_ = wire::nvme::AnaState::optimized;
    std::uint32_t ana_group_ = 0;
    std::uint64_t ana_changes_ = 0;
    std::uint64_t fences_ = 0;
    std::uint64_t reconnects_ = 0;
    std::string last_fault_;
    DriverEnd end_ = DriverEnd::none; // Beyond that, what is submitted completes as lost.
    std::string end_reason_;
};

} // namespace drivers::nvme_tcp
