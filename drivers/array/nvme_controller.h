// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/nvme_target.h"
#include "drivers/wire/nvme_command.h"
#include "drivers/wire/nvme_identify.h"

#include <array>
#include <cstdint>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace drivers::array {

// Who asks a controller for something of its connections.
class NvmeControllerHost {
public:
    virtual ~NvmeControllerHost() = default;
    virtual void answer_event(std::uint16_t command_id, std::uint32_t dword0) = 0;
    virtual void reset_queues() = 0; // The controller was disabled: its I/O queues are gone.
    virtual bool abort(std::uint16_t queue_id, std::uint16_t command_id) = 0;
};

// What an admin command came to.
struct NvmeAnswer {
    std::uint16_t status = 0; // SCT << 8 | SC.
    std::uint64_t value = 0;  // Dwords 0 and 1 of the completion.
    bool is_held = false;     // No answer now: an asynchronous event request.
};

// One controller of a subsystem as one host sees it: properties, features, identity, log pages and
// events (Base 2.0). Knows no sockets.
class NvmeController {
public:
    NvmeController(NvmeTarget& target,
                   const NvmePortalSettings& door,
                   const NvmeSubsystemSettings* subsystem, // Null: a discovery controller.
                   const wire::nvme::ConnectData& host,
                   NvmeControllerHost& connections);
    ~NvmeController();
    NvmeController(const NvmeController&) = delete;
    NvmeController& operator=(const NvmeController&) = delete;

    // Everything but Connect and authentication. `out` receives data for the host, cut to what the
    // command has room for by the caller.
    NvmeAnswer admin(const wire::nvme::SubmissionEntry& entry, std::vector<std::byte>& out);
    NvmeAnswer property_get(const wire::nvme::SubmissionEntry& entry) const noexcept;
    NvmeAnswer property_set(const wire::nvme::SubmissionEntry& entry);

    void ana_changed();
    void lun_changed(std::uint16_t lun); // Another answers in the place of this volume.
    void set_keep_alive(std::uint32_t milliseconds) noexcept { keep_alive_ms_ = milliseconds; }
    std::uint32_t keep_alive_ms() const noexcept { return keep_alive_ms_; }

    std::uint16_t identifier() const noexcept { return identifier_; }
    bool is_discovery() const noexcept { return subsystem_ == nullptr; }
    bool is_ready() const noexcept;
    const wire::nvme::ConnectData& host() const noexcept { return host_; }
    const NvmeSubsystemSettings* subsystem() const noexcept { return subsystem_; }
    std::uint16_t queues_granted() const noexcept { return queues_granted_; }

    bool writes_through() const noexcept { return !write_cache_enabled_; }

    // Index of the array's volume behind a namespace; -1 = no such namespace.
    int lun_of(std::uint32_t nsid) const noexcept;
    void record_error(std::uint16_t queue_id,
                      const wire::nvme::SubmissionEntry& entry,
                      std::uint16_t status) noexcept;

private:
    struct NoticeEvent { // Something the host may want to hear of.
        std::uint32_t enabled_by = 0;
        std::uint8_t information = 0;
        std::uint8_t log = 0;
        bool is_pending = false;
        bool is_masked = false; // Until the host reads the log page.
    };

    void announce(NoticeEvent& event);
    std::vector<std::byte> changed_namespaces_page() const;
    NvmeAnswer identify(const wire::nvme::SubmissionEntry& entry, std::vector<std::byte>& out);
    NvmeAnswer log_page(const wire::nvme::SubmissionEntry& entry, std::vector<std::byte>& out);
    NvmeAnswer set_feature(const wire::nvme::SubmissionEntry& entry);
    NvmeAnswer get_feature(const wire::nvme::SubmissionEntry& entry) const;
    NvmeAnswer hold_event(std::uint16_t command_id);
    wire::nvme::IdentifyController identity() const;
    std::uint16_t describe_namespace(std::uint32_t nsid, wire::nvme::IdentifyPage& page) const;
    std::vector<std::byte> ana_page() const;
    std::vector<std::byte> smart_page() const;
    std::vector<std::byte> error_page() const;
    std::size_t namespace_count() const noexcept;

    NvmeTarget& target_;
    const NvmePortalSettings& door_;
    const NvmeSubsystemSettings* subsystem_;
    wire::nvme::ConnectData host_;
    NvmeControllerHost& connections_;
    std::uint16_t identifier_ = 0;
    std::uint32_t configuration_ = 0; // CC
    std::uint32_t keep_alive_ms_ = 0;
    std::uint16_t queues_granted_ = 0;
    std::uint32_t event_configuration_ = 0;
    bool write_cache_enabled_ = true;
    std::deque<std::uint16_t> event_requests_;
    NoticeEvent ana_event_{wire::nvme::ana_change_event_bit, 3, wire::nvme::log_ana};
    NoticeEvent namespace_event_{
        wire::nvme::namespace_event_bit, 0, wire::nvme::log_changed_namespaces};
    std::set<std::uint32_t> changed_namespaces_;
    std::uint64_t ana_changes_ = 0;
    std::uint64_t error_count_ = 0;
    std::deque<wire::nvme::ErrorEntry> errors_; // Newest first.
};

// A namespace's NGUID from the volume's unique id: the same 16 bytes that iSCSI shows as NAA-6.
std::array<std::byte, 16> nguid_of(const LunInfo& lun) noexcept;

} // namespace drivers::array
