// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/nvme_controller.h"

#include <algorithm>
#include <utility>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

constexpr std::size_t event_requests_max = 4; // AERL + 1
constexpr std::size_t errors_max = 16;
constexpr std::uint32_t ready_timeout_half_seconds = 20;

} // namespace

NvmeController::NvmeController(NvmeTarget& target,
                               const NvmePortalSettings& door,
                               const NvmeSubsystemSettings* subsystem,
                               const nvme::ConnectData& host,
                               NvmeControllerHost& connections)
    : target_(target)
    , door_(door)
    , subsystem_(subsystem)
    , host_(host)
    , connections_(connections)
    , identifier_(target.add_controller(*this)) {}

NvmeController::~NvmeController() {
    target_.remove_controller(identifier_);
}

std::size_t NvmeController::namespace_count() const noexcept {
    if (is_discovery()) {
        return 0;
    }
    return subsystem_->luns.empty() ? target_.core().lun_count() : subsystem_->luns.size();
}

int NvmeController::lun_of(std::uint32_t nsid) const noexcept {
    if (nsid == 0 || nsid > namespace_count()) {
        return -1;
    }
    return static_cast<int>(subsystem_->luns.empty() ? nsid - 1 : subsystem_->luns[nsid - 1]);
}

bool NvmeController::is_ready() const noexcept {
    return (configuration_ & nvme::configuration_enable) != 0 &&
           (configuration_ & nvme::configuration_shutdown_mask) == 0;
}

NvmeAnswer NvmeController::property_get(const nvme::SubmissionEntry& entry) const noexcept {
    switch (entry.dword11) {
    case nvme::property_capabilities: {
        constexpr std::uint64_t contiguous_queues = 1U << 16;
        constexpr std::uint64_t nvm_command_set = 1ULL << 37;
        const std::uint64_t entries = door_.queue_entries_max - 1U;
        return {.value = entries | contiguous_queues |
                         std::uint64_t{ready_timeout_half_seconds} << 24 | nvm_command_set};
    }
    case nvme::property_version:
        return {.value = 0x00010400}; // 1.4
    case nvme::property_configuration:
        return {.value = configuration_};
    case nvme::property_status: {
        std::uint64_t status = (configuration_ & nvme::configuration_enable) != 0 ? 1 : 0;
        if ((configuration_ & nvme::configuration_shutdown_mask) != 0) {
            status |= nvme::status_shutdown_complete;
        }
        return {.value = status};
    }
    default:
        return {.status = nvme::status_invalid_field};
    }
}

NvmeAnswer NvmeController::property_set(const nvme::SubmissionEntry& entry) {
    if (entry.dword11 != nvme::property_configuration) {
        return {.status = nvme::status_invalid_field};
    }
    const bool was_enabled = (configuration_ & nvme::configuration_enable) != 0;
    configuration_ = entry.dword12;
    if (was_enabled && !is_ready()) {
        event_requests_.clear();
        connections_.reset_queues();
    }
    return {};
}

NvmeAnswer NvmeController::admin(const nvme::SubmissionEntry& entry, std::vector<std::byte>& out) {
    if (!is_ready()) {
        return {.status = nvme::status_sequence_error};
    }
    switch (entry.opcode) {
    case nvme::opcode_identify:
        return identify(entry, out);
    case nvme::opcode_get_log_page:
        return log_page(entry, out);
    case nvme::opcode_keep_alive:
        return {};
    case nvme::opcode_async_event:
        return hold_event(entry.command_id);
    case nvme::opcode_set_features:
        return set_feature(entry);
    case nvme::opcode_get_features:
        return get_feature(entry);
    case nvme::opcode_abort: {
        const bool done = connections_.abort(static_cast<std::uint16_t>(entry.dword10),
                                             static_cast<std::uint16_t>(entry.dword10 >> 16));
        return {.value = done ? 0U : 1U};
    }
    default:
        return {.status = nvme::status_invalid_opcode};
    }
}

NvmeAnswer NvmeController::hold_event(std::uint16_t command_id) {
    if (event_requests_.size() >= event_requests_max) {
        return {.status = nvme::status_async_limit_exceeded};
    }
    event_requests_.push_back(command_id);
    for (NoticeEvent* event : {&ana_event_, &namespace_event_}) {
        if (std::exchange(event->is_pending, false)) {
            announce(*event);
        }
    }
    return {.is_held = true};
}

void NvmeController::ana_changed() {
    ++ana_changes_;
    announce(ana_event_);
}

void NvmeController::lun_changed(std::uint16_t lun) {
    for (std::uint32_t nsid = 1; !is_discovery() && nsid <= namespace_count(); ++nsid) {
        if (lun_of(nsid) == lun) {
            changed_namespaces_.insert(nsid);
            announce(namespace_event_);
        }
    }
}

// Asynchronous events of the type "notice" (Base figure 149), at most one of a kind until the host
// has read its log page.
void NvmeController::announce(NoticeEvent& event) {
    if ((event_configuration_ & event.enabled_by) == 0 || event.is_masked) {
        return;
    }
    if (event_requests_.empty()) {
        event.is_pending = true;
        return;
    }
    constexpr std::uint32_t notice = 2;
    const std::uint16_t command_id = event_requests_.front();
    event_requests_.pop_front();
    event.is_masked = true;
    connections_.answer_event(command_id,
                              notice | std::uint32_t{event.information} << 8 |
                                  std::uint32_t{event.log} << 16);
}

NvmeAnswer NvmeController::set_feature(const nvme::SubmissionEntry& entry) {
    switch (entry.dword10 & 0xFFU) {
    case nvme::feature_number_of_queues: {
        const std::uint32_t asked =
            std::min(entry.dword11 & 0xFFFFU, entry.dword11 >> 16) + 1; // 0's based, both
        if (asked > 0xFFFF) {
            return {.status = nvme::status_invalid_field};
        }
        queues_granted_ =
            static_cast<std::uint16_t>(std::min<std::uint32_t>(asked, door_.io_queues_max));
        const std::uint32_t granted = queues_granted_ - 1U;
        return {.value = granted | granted << 16};
    }
    case nvme::feature_volatile_write_cache:
        write_cache_enabled_ = (entry.dword11 & 1U) != 0;
        return {};
    case nvme::feature_async_event_configuration:
        event_configuration_ = entry.dword11;
        return {};
    case nvme::feature_keep_alive_timer:
        keep_alive_ms_ = entry.dword11;
        return {};
    default:
        return {.status = nvme::status_invalid_field};
    }
}

NvmeAnswer NvmeController::get_feature(const nvme::SubmissionEntry& entry) const {
    switch (entry.dword10 & 0xFFU) {
    case nvme::feature_number_of_queues: {
        const std::uint32_t granted = queues_granted_ == 0 ? 0 : queues_granted_ - 1U;
        return {.value = granted | granted << 16};
    }
    case nvme::feature_volatile_write_cache:
        return {.value = write_cache_enabled_ ? 1U : 0U};
    case nvme::feature_async_event_configuration:
        return {.value = event_configuration_};
    case nvme::feature_keep_alive_timer:
        return {.value = keep_alive_ms_};
    default:
        return {.status = nvme::status_invalid_field};
    }
}

void NvmeController::record_error(std::uint16_t queue_id,
                                  const nvme::SubmissionEntry& entry,
                                  std::uint16_t status) noexcept {
    errors_.push_front({.count = ++error_count_,
                        .queue_id = queue_id,
                        .command_id = entry.command_id,
                        .status = static_cast<std::uint16_t>(status << 1),
                        .lba = queue_id == 0 ? 0 : entry.lba(),
                        .nsid = entry.nsid});
    if (errors_.size() > errors_max) {
        errors_.pop_back();
    }
}

std::vector<std::byte> NvmeController::error_page() const {
    std::vector<std::byte> page(errors_max * nvme::error_entry_bytes);
    for (std::size_t i = 0; i < errors_.size(); ++i) {
        nvme::put_error_entry(
            std::span<std::byte, nvme::error_entry_bytes>(page.data() + i * nvme::error_entry_bytes,
                                                          nvme::error_entry_bytes),
            errors_[i]);
    }
    return page;
}

} // namespace drivers::array
