// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace tests {

// A tgtd of our own on an ephemeral port, ended with this object. LUN 1 keeps data (thin, in
// shared memory), LUN 2 is tgtd's null store.
class Tgtd {
public:
    static bool present(); // Installed, and this user may run it.

    Tgtd();
    ~Tgtd();
    Tgtd(const Tgtd&) = delete;
    Tgtd& operator=(const Tgtd&) = delete;

    bool running() const { return running_; }
    std::string portal() const; // host:port
    std::string url(int lun) const;
    void tell(const std::vector<std::string>& arguments) const; // tgtadm
    void freeze() const;
    void thaw() const;

private:
    int port_ = 0;
    int control_ = 0;
    pid_t pid_ = -1;
    bool running_ = false;
    std::string image_;
};

// Runs a program to its end; the exit code, -1 if it could not be started.
int run_program(const std::vector<std::string>& arguments);

// A TCP port of 127.0.0.1 that was free just now.
int free_port();

} // namespace tests
