// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/kernel_view.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace drivers::block_device {

namespace fs = std::filesystem;

namespace {

std::string number_text(dev_t device) {
    return fmt::format("{}:{}", major(device), minor(device));
}

std::vector<std::string> entries(const std::string& folder) {
    std::vector<std::string> out;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        out.push_back(at->path().filename().string());
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string resolved(const std::string& path) {
    std::error_code error;
    const fs::path out = fs::canonical(path, error);
    return error ? std::string{} : out.string();
}

// proc(5): octal escapes for blanks in names of mount points and swap files.
std::string unescaped(const std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool octal = text[i] == '\\' && i + 3 < text.size() &&
                           std::all_of(text.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                       text.begin() + static_cast<std::ptrdiff_t>(i) + 4,
                                       [](char c) { return c >= '0' && c <= '7'; });
        if (octal) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                     (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

// Fields of /proc/self/mountinfo (proc_pid_mountinfo(5)): id, parent, major:minor, root, place ...
std::string
mount_of(const std::string& number, const KernelView& view, const std::string& process = "self") {
    std::ifstream in(view.proc + "/" + process + "/mountinfo");
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string id;
        std::string parent;
        std::string device;
        std::string root;
        std::string place;
        if (fields >> id >> parent >> device >> root >> place && device == number) {
            return unescaped(place);
        }
    }
    return {};
}

std::vector<std::string> swap_places(const KernelView& view) {
    std::vector<std::string> out;
    std::ifstream in(view.proc + "/swaps");
    std::string line;
    std::getline(in, line); // The heading.
    while (std::getline(in, line)) {
        out.push_back(unescaped(line.substr(0, line.find_first_of(" \t"))));
    }
    return out;
}

std::string swap_user(dev_t device, const KernelView& view) {
    for (const std::string& place : swap_places(view)) {
        struct stat used {};
        if (::stat(place.c_str(), &used) == 0 && S_ISBLK(used.st_mode) && used.st_rdev == device) {
            return "used as swap";
        }
    }
    return {};
}

std::string holder_name(const std::string& folder, const std::string& holder) {
    const std::string name = first_line(folder + "/holders/" + holder + "/dm/name");
    return name.empty() ? holder : fmt::format("{} (device-mapper {})", holder, name);
}

std::string folder_user(const std::string& folder, const KernelView& view) {
    const std::string number = first_line(folder + "/dev");
    if (const std::string place = mount_of(number, view); !place.empty()) {
        return "mounted at " + place;
    }
    const auto colon = number.find(':');
    if (colon != std::string::npos) {
        std::istringstream parts(number);
        unsigned first = 0;
        unsigned second = 0;
        char between = 0;
        parts >> first >> between >> second;
        if (std::string swap = swap_user(makedev(first, second), view); !swap.empty()) {
            return swap;
        }
    }
    const auto holders = entries(folder + "/holders");
    return holders.empty() ? std::string{} : "held by " + holder_name(folder, holders.front());
}

} // namespace

std::string first_line(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    const auto from = line.find_first_not_of(" \t\r");
    const auto to = line.find_last_not_of(" \t\r");
    return from == std::string::npos ? std::string{} : line.substr(from, to - from + 1);
}

std::string device_folder(dev_t device, const KernelView& view) {
    return resolved(view.sys + "/dev/block/" + number_text(device));
}

std::string device_user(dev_t device, const KernelView& view) {
    if (const std::string place = mount_of(number_text(device), view); !place.empty()) {
        return "mounted at " + place;
    }
    const std::string folder = device_folder(device, view);
    if (folder.empty()) {
        return swap_user(device, view);
    }
    if (std::string user = folder_user(folder, view); !user.empty()) {
        return user;
    }
    if (fs::exists(folder + "/partition")) {
        const fs::path disk = fs::path(folder).parent_path();
        const std::string user = folder_user(disk.string(), view);
        return user.empty() ? user
                            : fmt::format("its disk {} is {}", disk.filename().string(), user);
    }
    for (const std::string& name : entries(folder)) {
        const std::string part = (fs::path(folder) / name).string();
        if (fs::exists(part + "/partition")) {
            if (const std::string user = folder_user(part, view); !user.empty()) {
                return fmt::format("its partition {} is {}", name, user);
            }
        }
    }
    return {};
}

std::string mount_elsewhere(dev_t device, const KernelView& view) {
    for (const std::string& process : entries(view.proc)) {
        if (process.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        if (const std::string place = mount_of(number_text(device), view, process);
            !place.empty()) {
            return fmt::format(
                "mounted at {} in the mount namespace of process {}", place, process);
        }
    }
    return {};
}

std::string file_user(const std::string& path, const struct stat& file, const KernelView& view) {
    const auto is_it = [&](const std::string& other) {
        struct stat seen {};
        return ::stat(other.c_str(), &seen) == 0 && seen.st_dev == file.st_dev &&
               seen.st_ino == file.st_ino;
    };
    for (const std::string& place : swap_places(view)) {
        if (is_it(place)) {
            return "used as swap";
        }
    }
    for (const std::string& name : entries(view.sys + "/block")) {
        const std::string backing =
            first_line((fs::path(view.sys) / "block" / name / "loop/backing_file").string());
        if (!backing.empty() && (is_it(backing) || backing == path)) {
            return "behind /dev/" + name;
        }
    }
    return {};
}

std::vector<std::pair<std::string, std::string>> queue_limits(dev_t device,
                                                              const KernelView& view) {
    std::string folder = device_folder(device, view);
    if (fs::exists(folder + "/partition")) {
        folder += "/..";
    }
    std::vector<std::pair<std::string, std::string>> out;
    for (const char* name : {"scheduler",
                             "nr_requests",
                             "max_sectors_kb",
                             "max_hw_sectors_kb",
                             "physical_block_size",
                             "optimal_io_size",
                             "discard_granularity",
                             "discard_max_bytes",
                             "write_zeroes_max_bytes",
                             "write_cache",
                             "fua",
                             "rotational",
                             "wbt_lat_usec"}) {
        const std::string path = (fs::path(folder) / "queue" / name).string();
        if (std::string value = first_line(path); !value.empty()) {
            out.emplace_back(std::string("queue ") + name, std::move(value));
        }
    }
    return out;
}

} // namespace drivers::block_device
