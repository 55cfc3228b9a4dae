// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_mark.h"
#include "drivers/nvme_tcp/queue.h"
#include "drivers/nvme_tcp/settings.h"
#include "drivers/wire/nvme_fabrics.h"
#include "drivers/wire/nvme_identify.h"
#include "drivers/wire/nvme_log_page.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace drivers::nvme_tcp {

// What a namespace said of itself.
struct NamespaceFacts {
    std::uint32_t nsid = 0;
    wire::nvme::IdentifyNamespace identify;
    wire::nvme::NamespaceIdentifiers identifiers;
    std::optional<wire::nvme::AnaState> ana; // Empty: not offered, or not told.
};

// The strongest name there is: NGUID, else EUI-64, else UUID.
std::string unique_id_of(const wire::nvme::NamespaceIdentifiers& identifiers);

// From the answers to Identify Namespace and to its descriptor list; without `descriptors`, what
// the first one says. None: no such namespace, or its format cannot be understood.
std::optional<NamespaceFacts> facts_of(std::uint32_t nsid,
                                       const wire::nvme::IdentifyPage& identify,
                                       const wire::nvme::IdentifyPage* descriptors);
// Whether this end of the descriptor list's question means that a controller has no such list.
bool has_no_descriptors(std::uint16_t status_code) noexcept;

Geometry geometry_of(const NamespaceFacts& facts) noexcept;
// The serial is the controller's: every namespace of the subsystem has the same one.
Identity identity_of(const wire::nvme::IdentifyController& controller, const NamespaceFacts& facts);

// One association with one controller: the admin queue, set up and enabled, and at most one I/O
// queue. Every step waits for its answer, until a deadline, and throws ArrayError: ProtocolError
// where the controller did what none may do, SecurityError where it does not prove itself, or
// grants no digest, as was asked.
class Controller {
public:
    // Connects, authenticates if asked to, enables and identifies.
    Controller(const Settings& settings, Clock& clock);

    void open_io_queue(); // Also sets the number of queues.
    std::vector<std::uint32_t> active_namespaces();
    NamespaceFacts namespace_facts(std::uint32_t nsid);
    std::vector<wire::nvme::DiscoveryEntry> discovery_entries();
    // What a controller may leave out or refuse: empty = not told.
    std::optional<wire::nvme::AnaState> ana_state(std::uint32_t group);
    std::optional<wire::nvme::SmartLog> smart_log();
    std::optional<std::vector<wire::nvme::ErrorEntry>> error_log();
    std::optional<std::uint32_t> feature(std::uint8_t identifier); // Get Features, current value.

    // Controller reset: true once CSTS.RDY is 0, after which no command of it can still land.
    bool disable() noexcept;
    // Normal shutdown, as far as the controller goes along within the time given.
    void shut_down(Duration patience) noexcept;

    Queue& admin() noexcept { return *admin_; }
    Queue& io() noexcept { return *io_; }
    bool has_io() const noexcept { return io_ != nullptr; }
    const wire::nvme::IdentifyController& identity() const noexcept { return identity_; }
    std::uint64_t capabilities() const noexcept { return capabilities_; }
    bool authenticated() const noexcept { return authenticated_; }
    bool offers_ana() const noexcept;
    bool reports_namespace_events() const noexcept { return reports_namespace_events_; }
    // How long a status asks to wait before the command is sent again; none: it does not say.
    std::optional<Duration> retry_delay(const wire::nvme::CompletionEntry& entry) const noexcept;
    std::string place() const;                         // nvme+tcp://host:port/NQN
    std::uint64_t transfer_bytes_max() const noexcept; // MDTS; 0 = no limit.
    std::uint32_t in_capsule_bytes() const noexcept;
    std::uint16_t queue_entries_max() const noexcept; // CAP.MQES + 1

private:
    std::unique_ptr<Queue> open_queue(std::uint16_t queue_id, std::uint16_t entries);
    void connect_queue(Queue& queue, std::uint16_t queue_id, std::uint16_t entries);
    bool is_proof_wanted(std::uint16_t queue_id) const noexcept;
    void enable();
    wire::nvme::CompletionEntry
    must(Queue& queue, const QueueCommand& command, const char* purpose);
    std::uint64_t property(std::uint32_t offset, bool eight_bytes);
    void set_property(std::uint32_t offset, std::uint32_t value);
    bool wait_status(std::uint32_t mask, std::uint32_t wanted, TimePoint deadline);
    void ask_for_events();
    void ask_for_retry_delays();
    bool try_admin(const QueueCommand& command); // False: refused. Throws where nothing answers.
    bool read_log(std::uint8_t page, std::uint64_t offset, std::span<std::byte> out);
    void must_read_log(std::uint8_t page, std::uint64_t offset, std::span<std::byte> out);

    Settings settings_;
    Clock& clock_;
    TimePoint deadline_{};
    std::unique_ptr<Queue> admin_;
    std::unique_ptr<Queue> io_;
    std::uint16_t controller_id_ = wire::nvme::any_controller;
    std::uint64_t capabilities_ = 0;
    bool authenticated_ = false;
    bool reports_namespace_events_ = false;
    bool tells_retry_delays_ = false;
    wire::nvme::IdentifyController identity_;
};

// The host's NQN and identifier where the settings name none: from /etc/nvme/hostnqn, else made
// from the machine's identity, so that they are the same at every start.
void complete_host_identity(Settings& settings);

} // namespace drivers::nvme_tcp
