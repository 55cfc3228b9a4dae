// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/array_core.h"
#include "drivers/array/nvme_settings.h"
#include "drivers/wire/nvme_fabrics.h"
#include "drivers/wire/nvme_log_page.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace drivers::array {

class NvmeController;

// What the NVMe/TCP doors of one array share: subsystems, the controllers alive in them, and the
// list that discovery answers.
class NvmeTarget {
public:
    explicit NvmeTarget(ArrayCore& core)
        : core_(core) {}
    NvmeTarget(const NvmeTarget&) = delete;
    NvmeTarget& operator=(const NvmeTarget&) = delete;

    // A door opened at `address`; a second door to the same NQN is another path to the subsystem.
    void add_door(const NvmePortalSettings& settings, const std::string& address);
    void remove_door(const std::string& address);

    ArrayCore& core() noexcept { return core_; }
    const std::vector<wire::nvme::DiscoveryEntry>& discovery() const noexcept { return entries_; }
    std::uint64_t generation() const noexcept { return generation_; }

    // Controllers in being; an identifier is not used again soon.
    std::uint16_t add_controller(NvmeController& controller);
    void remove_controller(std::uint16_t identifier) noexcept;
    NvmeController* find_controller(std::uint16_t identifier) noexcept;

private:
    ArrayCore& core_;
    std::vector<wire::nvme::DiscoveryEntry> entries_;
    std::uint64_t generation_ = 1;
    std::map<std::uint16_t, NvmeController*> controllers_;
    std::uint16_t next_identifier_ = 1;
};

} // namespace drivers::array
