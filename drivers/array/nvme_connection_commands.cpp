// SPDX-License-Identifier: Apache-2.0
// Fabrics and admin commands of one connection of the emulated array.
#include "drivers/array/nvme_connection.h"

#include <algorithm>
#include <cstring>

namespace drivers::array {

namespace nvme = wire::nvme;

namespace {

constexpr std::uint32_t admin_bytes_max = 1U << 20U;
constexpr std::uint8_t disable_flow_control_bit = 1U << 2; // CATTR
constexpr std::uint32_t attribute_in_data_bit = 1U << 16;  // Where Connect found the parameter bad.

bool may_help_to_retry(std::uint16_t status) noexcept {
    switch (status) {
    case nvme::status_transient:
    case nvme::status_transport_error:
    case nvme::status_namespace_not_ready:
    case nvme::status_abort_requested:
    case nvme::status_ana_inaccessible:
    case nvme::status_ana_transition:
        return true;
    default:
        return false;
    }
}

} // namespace

// A status that can be known before the data of the command has come, so that no R2T asks for it.
std::uint16_t NvmeConnection::check_length(const Command& command) const noexcept {
    const std::uint32_t transfer_max =
        std::max(1U << (12U + door_.settings().transfer_exponent), 1U << 12U);
    if (queue_id_ == 0 || command.entry.opcode == nvme::opcode_fabrics) {
        return command.entry.sgl_bytes > admin_bytes_max ? nvme::status_sgl_length_invalid : 0;
    }
    return command.entry.sgl_bytes > transfer_max ? nvme::status_invalid_field : 0;
}

void NvmeConnection::execute(std::uint16_t index) {
    const Command& command = commands_[index];
    if (command.early_status != 0) {
        answer(index, command.early_status);
    } else if (command.entry.opcode == nvme::opcode_fabrics) {
        execute_fabrics(index);
    } else if (!connected_) {
        answer(index, nvme::status_sequence_error);
    } else if (must_authenticate()) {
        answer(index, nvme::status_authentication_required);
    } else if (queue_id_ == 0) {
        execute_admin(index);
    } else {
        execute_blocks(index);
    }
}

void NvmeConnection::execute_fabrics(std::uint16_t index) {
    const nvme::SubmissionEntry& entry = commands_[index].entry;
    const std::uint8_t type = nvme::fabrics_type(entry);
    if (type == nvme::fabrics_connect) {
        execute_connect(index);
        return;
    }
    if (!connected_) {
        answer(index, nvme::status_sequence_error);
        return;
    }
    if (type == nvme::fabrics_authentication_send || type == nvme::fabrics_authentication_receive) {
        execute_authentication(index);
        return;
    }
    if (must_authenticate()) {
        answer(index, nvme::status_authentication_required);
        return;
    }
    const bool is_property =
        type == nvme::fabrics_property_get || type == nvme::fabrics_property_set;
    if (!is_property || queue_id_ != 0) {
        answer(index, nvme::status_invalid_opcode);
        return;
    }
    const NvmeAnswer done = type == nvme::fabrics_property_get ? controller_->property_get(entry)
                                                               : controller_->property_set(entry);
    answer(index, done.status, done.value);
}

// Room for as many commands as the queue has entries; false if something else is in flight.
bool NvmeConnection::set_entries(std::uint16_t entries) {
    if (free_.size() + 1 != commands_.size() || out_count_ != 0) {
        return false;
    }
    sq_entries_ = entries;
    for (std::size_t i = commands_.size(); i < entries; ++i) {
        free_.insert(free_.begin(), static_cast<std::uint16_t>(i));
    }
    commands_.resize(std::max<std::size_t>(entries, commands_.size()));
    out_.resize(2 * commands_.size() + 2);
    return true;
}

// Where the first parameter stands that makes Connect of an I/O queue impossible; 0: none does.
std::uint32_t NvmeConnection::unsuitable_at(const nvme::Connect& connect,
                                            const nvme::ConnectData& data) const {
    if (controller_ == nullptr || controller_->is_discovery() || !controller_->is_ready()) {
        return attribute_in_data_bit | nvme::connect_controller_at;
    }
    if (controller_->subsystem()->nqn != data.subsystem_nqn) {
        return attribute_in_data_bit | nvme::connect_subsystem_at;
    }
    if (controller_->host().host_nqn != data.host_nqn) {
        return attribute_in_data_bit | nvme::connect_host_at;
    }
    if (controller_->host().host_id != data.host_id) {
        return attribute_in_data_bit; // The first field.
    }
    const bool free = connect.queue_id <= controller_->queues_granted() &&
                      door_.find_queue(data.controller_id, connect.queue_id) == nullptr;
    return free ? 0 : nvme::connect_queue_id_at;
}

// Makes or finds the queue's controller. Not 0: where the parameter stands that is wrong.
std::uint32_t NvmeConnection::find_controller(const nvme::Connect& connect,
                                              const nvme::ConnectData& data) {
    const NvmePortalSettings& settings = door_.settings();
    if (connect.queue_id != 0) {
        controller_ = door_.target().find_controller(data.controller_id);
        return unsuitable_at(connect, data);
    }
    const auto subsystem =
        std::find_if(settings.subsystems.begin(),
                     settings.subsystems.end(),
                     [&](const auto& known) { return known.nqn == data.subsystem_nqn; });
    const bool known = subsystem != settings.subsystems.end();
    if (!known && data.subsystem_nqn != nvme::discovery_nqn) {
        return attribute_in_data_bit | nvme::connect_subsystem_at;
    }
    if (data.controller_id != nvme::any_controller) {
        return attribute_in_data_bit | nvme::connect_controller_at;
    }
    own_controller_ = std::make_unique<NvmeController>(
        door_.target(), settings, known ? &*subsystem : nullptr, data, *this);
    controller_ = own_controller_.get();
    controller_->set_keep_alive(connect.keep_alive_ms);
    return 0;
}

void NvmeConnection::execute_connect(std::uint16_t index) {
    const nvme::Connect connect = nvme::get_connect(commands_[index].entry);
    const auto refuse = [&](std::uint32_t where) {
        answer(index, nvme::status_connect_invalid_parameters, where);
        controller_ = own_controller_.get(); // Another connection's is none of ours.
    };
    if (connected_ || commands_[index].bytes != nvme::connect_data_bytes) {
        answer(index, connected_ ? nvme::status_sequence_error : nvme::status_sgl_length_invalid);
        return;
    }
    const auto bytes = commands_[index].data().first<nvme::connect_data_bytes>();
    const auto data = nvme::get_connect_data(bytes);
    if (!data) {
        refuse(attribute_in_data_bit | nvme::unsound_name_at(bytes));
        return;
    }
    if (connect.record_format != 0) {
        answer(index, 0x180); // Incompatible format.
        return;
    }
    if (connect.queue_entries < 2 || connect.queue_entries > door_.settings().queue_entries_max) {
        refuse(nvme::connect_queue_size_at);
        return;
    }
    if (const std::uint32_t where = find_controller(connect, *data); where != 0) {
        refuse(where);
        return;
    }
    if (!set_entries(connect.queue_entries)) {
        close();
        return;
    }
    queue_id_ = connect.queue_id;
    controller_id_ = controller_->identifier();
    flow_control_ = (connect.attributes & disable_flow_control_bit) == 0;
    connected_ = true;
    if (own_controller_ != nullptr) {
        restart_keep_alive();
    }
    std::uint32_t result = controller_id_;
    const NvmeSubsystemSettings* subsystem = controller_->subsystem();
    if (subsystem != nullptr && !subsystem->host_secret.empty()) {
        authenticator_ = std::make_unique<NvmeAuthenticator>(subsystem->host_secret,
                                                             subsystem->controller_secret,
                                                             controller_->host().host_nqn,
                                                             subsystem->nqn);
        constexpr std::uint32_t transaction_required = 1U << 17; // AUTHREQ.ATR
        result |= transaction_required;
    }
    answer(index, 0, result);
}

void NvmeConnection::execute_authentication(std::uint16_t index) {
    Command& command = commands_[index];
    constexpr std::uint32_t protocol_mask = 0xFF000000U;
    constexpr std::uint32_t protocol = 0xE9000000U; // SECP: NVMe authentication.
    if (authenticator_ == nullptr) {
        answer(index, nvme::status_invalid_opcode);
        return;
    }
    if ((command.entry.dword10 & protocol_mask) != protocol ||
        command.entry.sgl_bytes != command.entry.dword11 ||
        command.entry.sgl_bytes > nvme::auth_message_bytes_max) {
        answer(index, nvme::status_invalid_field);
        return;
    }
    if (nvme::fabrics_type(command.entry) == nvme::fabrics_authentication_send) {
        const bool taken = authenticator_->take(command.data());
        answer(index, taken ? std::uint16_t{0} : nvme::status_sequence_error);
    } else {
        std::vector<std::byte> message = authenticator_->give();
        if (message.empty() || message.size() > command.entry.sgl_bytes) {
            answer(index, nvme::status_sequence_error);
            return;
        }
        message.resize(command.entry.sgl_bytes);
        answer_with(index, message);
    }
    if (authenticator_->has_failed()) { // The last answer goes out, then the connection ends.
        flush();
        close();
    }
}

void NvmeConnection::execute_admin(std::uint16_t index) {
    const nvme::SubmissionEntry entry = commands_[index].entry;
    std::vector<std::byte> out;
    if (entry.opcode == nvme::opcode_async_event) {
        commands_[index].stage = Stage::held; // Before it may be answered.
    }
    const NvmeAnswer done = controller_->admin(entry, out);
    if (done.is_held || closed_) {
        return;
    }
    if (entry.opcode == nvme::opcode_keep_alive || entry.opcode == nvme::opcode_set_features) {
        restart_keep_alive();
    }
    if (done.status == 0 && !out.empty()) {
        if (entry.sgl_bytes < out.size()) {
            answer(index, nvme::status_sgl_length_invalid);
            return;
        }
        answer_with(index, out);
        return;
    }
    answer(index, done.status, done.value);
}

void NvmeConnection::answer(std::uint16_t index, std::uint16_t status, std::uint64_t value) {
    Command& command = commands_[index];
    if (status != 0 && controller_ != nullptr) {
        controller_->record_error(queue_id_, command.entry, status);
    }
    command.answer_bytes = 0;
    command.answer = {};
    command.answer.dword0 = static_cast<std::uint32_t>(value);
    command.answer.dword1 = static_cast<std::uint32_t>(value >> 32);
    command.answer.status = static_cast<std::uint16_t>(status << 1);
    if (status != 0 && !may_help_to_retry(status)) {
        command.answer.status |= nvme::do_not_retry_bit;
    }
    enqueue_answer(index);
}

void NvmeConnection::answer_with(std::uint16_t index, std::span<const std::byte> data) {
    Command& command = commands_[index];
    reserve(command, data.size());
    std::memcpy(command.buffer.get(), data.data(), data.size());
    command.answer = {};
    command.answer_bytes = static_cast<std::uint32_t>(data.size());
    enqueue_answer(index);
}

} // namespace drivers::array
