// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/clock.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace drivers::array {

// A child process with one end of a socket pair, in a process group of its own; killed and reaped
// at the latest by the destructor, and by the kernel if this process dies first.
class ChildProcess {
public:
    // `program` is run with `arguments`, and after them the number of its descriptor. Throws
    // HostError. The kernel ties the child to the *thread* that calls this: call it from one that
    // lives as long as the child shall.
    // `network_namespace`: a descriptor of the one it lives in; -1 = the caller's. `environment`:
    // as execve wants it; null = the caller's.
    ChildProcess(const std::string& program,
                 const std::vector<std::string>& arguments,
                 int network_namespace = -1,
                 char* const* environment = nullptr);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    // False: the other end is closed, or does not take it in time.
    bool send(const std::string& text, TimePoint deadline) noexcept;
    enum class Got { line, closed, late };
    Got receive(std::string& line, TimePoint deadline);

    // For a protocol of other pieces than lines. How much it takes at once; none: it has closed.
    std::optional<std::size_t> send_some(std::string_view bytes) noexcept;
    // Appends what there is: `line`. `late`: nothing came.
    Got receive_some(std::string& bytes, TimePoint deadline);

    bool ended() const noexcept; // Reaps it if it has.
    bool wait_ended(TimePoint deadline) const noexcept;
    void kill() noexcept;       // The whole group, and reaps.
    std::string ending() const; // "exit code 3", "signal 9"; empty while it runs.
    int process_id() const noexcept { return process_id_; }

private:
    void reap(int options) const noexcept;

    int socket_ = -1;
    int process_id_ = -1;
    int process_fd_ = -1;
    mutable bool reaped_ = false;
    mutable int status_ = 0;
    std::string received_;
};

} // namespace drivers::array
