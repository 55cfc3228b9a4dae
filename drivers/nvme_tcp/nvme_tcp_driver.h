// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/block_driver.h"
#include "drivers/nvme_tcp/controller.h"
#include "drivers/nvme_tcp/recovery.h"
#include "drivers/nvme_tcp/settings.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace drivers::nvme_tcp {

// One queue to one namespace over NVMe/TCP, with its own admin queue for keep-alive, events, aborts
// and resets. After a lost connection it reconnects by itself and takes no request meanwhile.
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
        bool sent = false; // A command of it may have reached the controller.
        bool aborting = false;
        bool expired = false; // Its time-out is why the association ends.
    };

    // Requests.
    std::uint16_t objection(const Request& request) const noexcept;
    bool send_part(std::uint16_t index) noexcept;
    QueueCommand make_part(std::uint16_t index) noexcept;
    void part_done(std::uint16_t index, const wire::nvme::CompletionEntry& entry) noexcept;
    void finish(std::uint16_t index, Status status, std::uint32_t sense, bool fenced) noexcept;
    void append(std::uint16_t index, TimePoint deadline) noexcept;
    void append_by_deadline(std::uint16_t index, TimePoint deadline) noexcept;
    void remove(std::uint16_t index) noexcept;

    // The association.
    void learn(const NamespaceFacts& facts);
    void watch();
    void start_events() noexcept;
    void poll_io() noexcept;
    void poll_admin() noexcept;
    void on_admin(const QueueCompletion& completion) noexcept;
    void check_timers() noexcept;
    void job_expired(std::uint16_t index) noexcept;
    void lose(const std::string& fault) noexcept;
    void recover() noexcept;
    void resume(Recovered recovered);
    void give_up(const std::string& fault) noexcept;
    void on_ana_log() noexcept;
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

    std::vector<std::byte> ana_page_;
    bool ana_busy_ = false;
    wire::nvme::AnaState ana_state_ = wire::nvme::AnaState::optimized;
    std::uint32_t ana_group_ = 0;
    std::uint64_t ana_changes_ = 0;
    std::uint64_t fences_ = 0;
    std::uint64_t reconnects_ = 0;
    std::string last_fault_;
    bool given_up_ = false; // Lost for good: what is submitted completes as lost.
};

} // namespace drivers::nvme_tcp
