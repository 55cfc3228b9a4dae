// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/nvme_target.h"

#include <algorithm>

namespace drivers::array {

namespace {

constexpr std::uint16_t identifier_max = 0xFFEF; // FFF0h and above are reserved (Base 3.1.3).

} // namespace

void NvmeTarget::add_door(const NvmePortalSettings& settings, const std::string& address) {
    const std::size_t colon = address.rfind(':');
    std::string host = address.substr(0, colon);
    if (host.size() > 2 && host.front() == '[') {
        host = host.substr(1, host.size() - 2);
    }
    for (const NvmeSubsystemSettings& subsystem : settings.subsystems) {
        entries_.push_back({.subsystem_type = 2,
                            .port_id = settings.port_id,
                            .address = host,
                            .service = address.substr(colon + 1),
                            .subsystem_nqn = subsystem.nqn,
                            .transport = 3});
    }
    ++generation_;
}

void NvmeTarget::remove_door(const std::string& address) {
    std::erase_if(entries_, [&](const wire::nvme::DiscoveryEntry& entry) {
        const bool is_ipv6 = entry.address.find(':') != std::string::npos;
        const std::string host = is_ipv6 ? "[" + entry.address + "]" : entry.address;
        return host + ":" + entry.service == address;
    });
    ++generation_;
}

std::uint16_t NvmeTarget::add_controller(NvmeController& controller) {
    while (controllers_.count(next_identifier_) != 0) {
        next_identifier_ = next_identifier_ == identifier_max ? 1 : next_identifier_ + 1;
    }
    const std::uint16_t identifier = next_identifier_;
    next_identifier_ = next_identifier_ == identifier_max
                           ? std::uint16_t{1}
                           : static_cast<std::uint16_t>(next_identifier_ + 1);
    controllers_[identifier] = &controller;
    return identifier;
}

void NvmeTarget::remove_controller(std::uint16_t identifier) noexcept {
    controllers_.erase(identifier);
}

NvmeController* NvmeTarget::find_controller(std::uint16_t identifier) noexcept {
    const auto found = controllers_.find(identifier);
    return found == controllers_.end() ? nullptr : found->second;
}

} // namespace drivers::array
