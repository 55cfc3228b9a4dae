// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/lun_mark.h"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace bench::plan {

struct NbdSettings {
    std::string url;
    std::optional<drivers::LunMark> lun; // The one to serve; none = whichever answers.
    std::vector<std::string> destroy;    // Empty: the LUN is served read-only.
    bool overwrite_data = false;
    std::string lease_token; // Of whoever holds the LUN and has it served; empty = nobody does.
};

// nbdkit with this project's plugin in front of a LUN, on a socket in a folder of its own, ended
// with this object: what fio and other NBD clients reach an iSCSI LUN or NVMe/TCP namespace by.
class NbdServer {
public:
    // Throws HostError (no nbdkit, no plugin) and ArrayError (the LUN cannot be served), with what
    // nbdkit said.
    explicit NbdServer(const NbdSettings& settings);
    ~NbdServer();
    NbdServer(const NbdServer&) = delete;
    NbdServer& operator=(const NbdServer&) = delete;

    std::string uri() const;

    // Throws SafetyError or ProtocolError where the server's driver has ended by what answered
    // there; its clients have heard of an I/O error alone.
    void heed_end() const;

private:
    void start(const NbdSettings& settings);
    void wait_until_ready();
    void end() noexcept;
    std::string complaint() const;
    std::string private_file(const char* name, const std::string& content) const;
    std::string text_in(const char* name) const;

    std::string folder_;
    pid_t pid_ = -1;
};

std::string nbd_uri(const std::string& socket);

// The command line by which a person starts such a server, read-only.
std::string nbd_command(const std::string& url, const std::string& socket);

// Where the plugin is: ARRAYBENCH_NBDKIT_PLUGIN, or beside this program.
std::string nbd_plugin();

} // namespace bench::plan
