// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/nbd_server.h"

#include "bench/plan/driver_end_text.h"
#include "bench/plan/lun_mark_text.h"
#include "drivers/api/driver_end.h"
#include "drivers/api/errors.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace bench::plan {

namespace fs = std::filesystem;
using drivers::ArrayError;
using drivers::HostError;

namespace {

constexpr auto patience = std::chrono::seconds(30);

std::string new_folder() {
    std::string out = (fs::temp_directory_path() / "arraybench-nbd-XXXXXX").string();
    if (::mkdtemp(out.data()) == nullptr) {
        throw HostError("no folder for the NBD server's socket: " + out);
    }
    return out;
}

} // namespace

std::string nbd_plugin() {
    if (const char* named = std::getenv("ARRAYBENCH_NBDKIT_PLUGIN"); named != nullptr) {
        return named;
    }
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    return (program.parent_path() / "nbdkit-arraybench-plugin.so").string();
}

std::string nbd_uri(const std::string& socket) {
    return "nbd+unix:///?socket=" + socket;
}

std::string nbd_command(const std::string& url, const std::string& socket) {
    return fmt::format("nbdkit --foreground --unix {} {} url={}", socket, nbd_plugin(), url);
}

NbdServer::NbdServer(const NbdSettings& settings)
    : folder_(new_folder()) {
    try {
        start(settings);
        wait_until_ready();
    } catch (...) {
        end();
        throw;
    }
}

NbdServer::~NbdServer() {
    end();
}

std::string NbdServer::uri() const {
    return nbd_uri(folder_ + "/socket");
}

void NbdServer::start(const NbdSettings& settings) {
    const std::string plugin = nbd_plugin();
    if (!fs::exists(plugin)) {
        throw HostError(fmt::format("no NBD plugin at {}: it is built where the Debian package "
                                    "nbdkit-plugin-dev is installed",
                                    plugin));
    }
    // -P: written when it listens; it ends with this program, whatever becomes of that.
    std::vector<std::string> words{"nbdkit",
                                   "--foreground",
                                   "--exit-with-parent",
                                   "--unix",
                                   folder_ + "/socket",
                                   "--pidfile",
                                   folder_ + "/pid",
                                   plugin,
                                   "url=" + settings.url,
                                   "end-file=" + folder_ + "/ended",
                                   "timeout=20s"}; // A client hears of a lost array before it is
                                                   // given up for being late itself.
    if (settings.lun) {
        words.push_back("expect=" + lun_mark_text(*settings.lun));
    }
    if (!settings.lease_token.empty()) {
        words.push_back("lease-file=" + private_file("lease", settings.lease_token));
    }
    for (const std::string& identity : settings.destroy) {
        words.push_back("destroy=" + identity);
    }
    if (settings.overwrite_data) {
        words.emplace_back("overwrite-data=true");
    }
    std::vector<char*> raw;
    raw.reserve(words.size() + 1);
    for (std::string& word : words) {
        raw.push_back(word.data());
    }
    raw.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(
        &actions, 2, (folder_ + "/said").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 2, 1);
    const int error = ::posix_spawnp(&pid_, raw[0], &actions, nullptr, raw.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        pid_ = -1;
        throw HostError("nbdkit cannot be started (Debian package nbdkit)");
    }
}

void NbdServer::wait_until_ready() {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
        if (fs::exists(folder_ + "/pid")) {
            return;
        }
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            heed_end();
            throw ArrayError("nbdkit: " + complaint());
        }
        ::poll(nullptr, 0, 10);
    }
    throw ArrayError("nbdkit did not become ready: " + complaint());
}

void NbdServer::heed_end() const {
    const auto told = driver_end_from(text_in("ended"));
    if (told && told->end != drivers::DriverEnd::lost) {
        drivers::throw_end(told->end, told->reason);
    }
}

std::string NbdServer::complaint() const {
    return text_in("said");
}

// In a folder that is this user's alone: command lines are everybody's to read.
std::string NbdServer::private_file(const char* name, const std::string& content) const {
    std::string path = folder_ + "/" + name;
    std::ofstream out(path);
    out << content << '\n';
    if (!out.flush()) {
        throw HostError("cannot write " + path);
    }
    return path;
}

std::string NbdServer::text_in(const char* name) const {
    std::ifstream in(folder_ + "/" + name);
    std::string out{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    while (!out.empty() && out.back() == '\n') {
        out.pop_back();
    }
    return out.substr(0, 2000);
}

void NbdServer::end() noexcept {
    if (pid_ > 0) {
        ::kill(pid_, SIGTERM); // It ends its connections and unloads the plugin.
        for (int i = 0; i < 500 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) {
            ::poll(nullptr, 0, 10);
        }
        if (::waitpid(pid_, nullptr, WNOHANG) == 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
        pid_ = -1;
    }
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

} // namespace bench::plan
