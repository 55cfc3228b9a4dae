// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/array.h"
#include "drivers/array/array_counts.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace drivers::array {

struct ChildSettings {
    std::string program = "/proc/self/exe";
    std::string file;   // The array file, as `arraybench array` takes it.
    std::string listen; // Overrides the addresses of the file; empty = as in the file.
    // A place in a laboratory: its network namespace (-1 = this process's), the addresses of its
    // data port by controller, and the interfaces (management, data) by which its egress actors
    // talk; without these they are silent.
    int network_namespace = -1;
    std::vector<std::string> data_addresses;
    std::vector<std::string> speak_by;
    Duration start_limit = std::chrono::seconds(20);
    Duration answer_limit = std::chrono::seconds(5);
    Duration stop_limit = std::chrono::seconds(3); // Then it is killed.
};

// An emulated array in a process of its own, which never outlives this object or this process.
// Throws HostError if it cannot be started, ArrayError if it died or does not answer in time.
class EmulatedArray final : public Array {
public:
    explicit EmulatedArray(const ChildSettings& settings);
    ~EmulatedArray() override;
    EmulatedArray(const EmulatedArray&) = delete;
    EmulatedArray& operator=(const EmulatedArray&) = delete;

    std::vector<std::string> portals() const override;    // URLs of LUN 0 ...
    std::vector<std::string> urls(std::size_t lun) const; // ... or of another, every path.
    std::vector<std::string> identities() const; // unique_id of each LUN, as the child made it.
    TimePoint apply(const Event& event) override;
    ArrayCounts counts() const override;
    // Everything the child knows of itself; lateness and service since it was last asked.
    EmulatorCounts emulator_counts() const;
    void stop() noexcept override;

    bool alive() const noexcept; // False once the child has ended, whoever ended it.
    int process_id() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace drivers::array
