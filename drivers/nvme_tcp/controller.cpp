// SPDX-License-Identifier: Apache-2.0
#include "drivers/nvme_tcp/controller.h"

#include "drivers/api/errors.h"
#include "drivers/nvme_tcp/authentication.h"

#include <algorithm>
#include <fmt/format.h>

namespace drivers::nvme_tcp {

namespace nvme = wire::nvme;

namespace {

constexpr std::uint16_t admin_entries = 32;
constexpr std::uint8_t disable_flow_control = 1U << 2; // CATTR: lets C2HData carry SUCCESS.
constexpr std::uint16_t authentication_bits = 0xFFFF;  // AUTHREQ, upper half of dword 0.

// CAP.TO, in half seconds: how long the controller may take to become ready or idle.
Duration ready_patience(std::uint64_t capabilities) {
    return std::chrono::milliseconds(500) * static_cast<int>(capabilities >> 24 & 0xFF);
}

std::span<std::byte> writable(std::span<std::byte> bytes) {
    return bytes;
}

} // namespace

Controller::Controller(const Settings& settings, Clock& clock)
    : settings_(settings)
    , clock_(clock) {
    complete_host_identity(settings_);
    deadline_ = clock_.now() + settings_.connect_timeout;
    admin_ = open_queue(0, admin_entries);
    enable();
    nvme::IdentifyPage page{};
    must(*admin_,
         {.entry = nvme::identify_command(nvme::identify_controller, 0), .data = writable(page)},
         "Identify Controller");
    identity_ = nvme::get_identify_controller(page);
}

nvme::CompletionEntry
Controller::must(Queue& queue, const QueueCommand& command, const char* purpose) {
    const nvme::CompletionEntry answer = queue.execute(command, clock_, deadline_);
    if (!answer.is_good()) {
        throw ArrayError(
            fmt::format("{}: {}: {}", place(), purpose, nvme::status_text(answer.status_code())));
    }
    return answer;
}

bool Controller::try_admin(const QueueCommand& command) {
    return admin_->execute(command, clock_, deadline_).is_good();
}

std::string Controller::place() const {
    return fmt::format("nvme+tcp://{}/{}",
                       portal_text(settings_.host, std::to_string(settings_.port)),
                       settings_.subsystem_nqn);
}

std::unique_ptr<Queue> Controller::open_queue(std::uint16_t queue_id, std::uint16_t entries) {
    auto queue = std::make_unique<Queue>(
        connect_tcp(settings_.host, settings_.port, clock_, deadline_), entries, settings_.digests);
    queue->initialize(clock_, deadline_);
    connect_queue(*queue, queue_id, entries);
    return queue;
}

void Controller::connect_queue(Queue& queue, std::uint16_t queue_id, std::uint16_t entries) {
    std::array<std::byte, nvme::connect_data_bytes> data{};
    nvme::put_connect_data(data,
                           {.host_id = settings_.host_id,
                            .controller_id = controller_id_,
                            .subsystem_nqn = settings_.subsystem_nqn,
                            .host_nqn = settings_.host_nqn});
    const auto keep_alive_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(settings_.keep_alive).count();
    const nvme::Connect connect{
        .queue_id = queue_id,
        .queue_entries = entries,
        .attributes = queue_id == 0 ? std::uint8_t{0} : disable_flow_control,
        .keep_alive_ms = queue_id == 0 ? static_cast<std::uint32_t>(keep_alive_ms) : 0};
    const auto answer = must(
        queue,
        {.entry = nvme::connect_command(connect), .data = writable(data), .to_controller = true},
        "Connect");
    if (queue_id == 0) {
        controller_id_ = static_cast<std::uint16_t>(answer.dword0);
    }
    const bool demanded = (answer.dword0 >> 16 & authentication_bits) != 0;
    if (demanded && settings_.host_secret.empty()) {
        throw ArrayError(place() +
                         ": the subsystem demands authentication and no secret was given");
    }
    if (!demanded && !is_proof_wanted(queue_id)) {
        return;
    }
    try {
        authenticate(queue, settings_, clock_, deadline_);
    } catch (const ProtocolError&) {
        throw;
    } catch (const ArrayError& error) {
        if (demanded) {
            throw;
        }
        throw SecurityError(fmt::format("a secret is named, and the subsystem neither asks for it "
                                        "nor takes it: {}",
                                        error.what()));
    }
    authenticated_ = true;
}

// Whoever names a secret means it to be used, whether or not the other side asks for it. Only what
// lists portals may go without where the host alone would have to prove itself: nothing is believed
// of it, and each subsystem that it names is asked again. An I/O queue is of a controller that was
// proven already; where the controller has to prove itself, it does so on each connection.
bool Controller::is_proof_wanted(std::uint16_t queue_id) const noexcept {
    const bool is_list = settings_.subsystem_nqn == nvme::discovery_nqn;
    const bool of_host = !settings_.host_secret.empty() && queue_id == 0 && !is_list;
    return of_host || !settings_.controller_secret.empty();
}

void Controller::enable() {
    capabilities_ = property(nvme::property_capabilities, true);
    const TimePoint until = std::max(deadline_, clock_.now() + ready_patience(capabilities_));
    set_property(nvme::property_configuration,
                 nvme::configuration_enable | nvme::configuration_entry_sizes);
    if (!wait_status(nvme::status_ready, nvme::status_ready, until)) {
        throw ArrayError(place() + ": the controller does not become ready");
    }
}

std::uint64_t Controller::property(std::uint32_t offset, bool eight_bytes) {
    return must(*admin_, {.entry = nvme::property_get_command(offset, eight_bytes)}, "Property Get")
        .value();
}

void Controller::set_property(std::uint32_t offset, std::uint32_t value) {
    must(*admin_, {.entry = nvme::property_set_command(offset, value)}, "Property Set");
}

bool Controller::wait_status(std::uint32_t mask, std::uint32_t wanted, TimePoint deadline) {
    for (;;) {
        const auto status = static_cast<std::uint32_t>(property(nvme::property_status, false));
        if ((status & nvme::status_fatal) != 0) {
            throw ArrayError("NVMe/TCP: the controller reports a fatal status (CSTS.CFS)");
        }
        if ((status & mask) == wanted) {
            return true;
        }
        if (clock_.now() >= deadline) {
            return false;
        }
        clock_.sleep_until(clock_.now() + std::chrono::milliseconds(2));
    }
}

void Controller::open_io_queue() {
    deadline_ = clock_.now() + settings_.connect_timeout;
    must(*admin_,
         {.entry = nvme::set_feature_command(nvme::feature_number_of_queues, 0)}, // One of each.
         "Set Features, number of queues");
    ask_for_events();
    ask_for_retry_delays();
    const auto entries = static_cast<std::uint16_t>(
        std::min<unsigned>(settings_.depth + 1U, std::min<unsigned>(queue_entries_max(), 1024)));
    io_ = open_queue(1, entries);
    io_->set_in_capsule_bytes(in_capsule_bytes());
}

// A controller that offers an event and refuses to send it is driven without.
void Controller::ask_for_events() {
    const std::uint32_t events =
        identity_.optional_events & (nvme::ana_change_event_bit | nvme::namespace_event_bit);
    const bool granted =
        events != 0 && try_admin({.entry = nvme::set_feature_command(
                                      nvme::feature_async_event_configuration, events)});
    reports_namespace_events_ = granted && (events & nvme::namespace_event_bit) != 0;
}

// Command Retry Delays count only for a host that says it knows them (Base 5.27.1.14).
void Controller::ask_for_retry_delays() {
    tells_retry_delays_ = false;
    if (identity_.retry_delays_100ms[0] == 0) {
        return;
    }
    std::array<std::byte, nvme::host_behavior_bytes> behavior{};
    behavior[0] = std::byte{1}; // ACRE
    tells_retry_delays_ =
        try_admin({.entry = nvme::set_feature_command(nvme::feature_host_behavior_support, 0),
                   .data = writable(behavior),
                   .to_controller = true});
}

std::optional<Duration> Controller::retry_delay(const nvme::CompletionEntry& entry) const noexcept {
    const unsigned which = entry.status >> 12U & 3U; // CRD
    if (!tells_retry_delays_ || which == 0) {
        return std::nullopt;
    }
    return std::chrono::milliseconds(100) * identity_.retry_delays_100ms[which - 1];
}

bool Controller::disable() noexcept {
    try {
        deadline_ = clock_.now() + settings_.abort_timeout;
        set_property(nvme::property_configuration, nvme::configuration_entry_sizes);
        return wait_status(nvme::status_ready, 0, clock_.now() + ready_patience(capabilities_));
    } catch (const std::exception&) {
        return false;
    }
}

void Controller::shut_down(Duration patience) noexcept {
    try {
        deadline_ = clock_.now() + patience;
        set_property(nvme::property_configuration,
                     nvme::configuration_enable | nvme::configuration_entry_sizes |
                         nvme::configuration_shutdown_normal);
        wait_status(nvme::status_shutdown_mask, nvme::status_shutdown_complete, deadline_);
    } catch (const std::exception&) {
        return; // Whatever it says, the connection ends.
    }
}

std::uint64_t Controller::transfer_bytes_max() const noexcept {
    if (identity_.transfer_exponent == 0) {
        return 0;
    }
    const unsigned page_exponent = 12U + static_cast<unsigned>(capabilities_ >> 48 & 0xF); // MPSMIN
    const unsigned exponent = page_exponent + identity_.transfer_exponent;
    return exponent < 32 ? std::uint64_t{1} << exponent : 0;
}

std::uint32_t Controller::in_capsule_bytes() const noexcept {
    constexpr std::uint32_t entry_16_bytes = 4;
    constexpr std::uint32_t capsule_16_bytes_max = 65536; // 1 MiB: nobody gains from more.
    const std::uint32_t capsule =
        std::min(identity_.command_capsule_16_bytes, capsule_16_bytes_max);
    if (capsule <= entry_16_bytes || identity_.in_capsule_offset_16_bytes != 0) {
        return 0;
    }
    return (capsule - entry_16_bytes) * 16;
}

std::uint16_t Controller::queue_entries_max() const noexcept {
    const unsigned entries = static_cast<unsigned>(capabilities_ & 0xFFFF) + 1; // MQES
    return static_cast<std::uint16_t>(std::clamp(entries, 2U, 65535U));
}

} // namespace drivers::nvme_tcp
