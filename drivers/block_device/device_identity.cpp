// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/kernel_view.h"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>

namespace drivers::block_device {

namespace fs = std::filesystem;

namespace {

bool all_hexadecimal(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isxdigit(c) != 0;
    });
}

// NAA designators have 8 or 16 bytes, EUI-64 based ones 8, 12 or 16 (SPC-5 7.7.6).
bool is_designator(std::string_view text) {
    return (text.size() == 16 || text.size() == 24 || text.size() == 32) && all_hexadecimal(text);
}

// SPC-5 7.7.21: the unit serial number page; its length is bounded by the page's own field.
std::string serial_page(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string page(4 + 255, '\0');
    in.read(page.data(), static_cast<std::streamsize>(page.size()));
    page.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    if (page.size() < 4 || static_cast<unsigned char>(page[1]) != 0x80) {
        return {};
    }
    std::string out = page.substr(4, static_cast<unsigned char>(page[3]));
    out.erase(0, out.find_first_not_of(' '));
    out.erase(out.find_last_not_of(std::string_view(" \0", 2)) + 1);
    return std::all_of(out.begin(), out.end(), [](char c) { return c > 0x20 && c < 0x7f; })
               ? out
               : std::string{};
}

std::string first_of(const std::string& folder, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        if (std::string text = first_line((fs::path(folder) / name).string()); !text.empty()) {
            return text;
        }
    }
    return {};
}

Identity loop_identity(const std::string& backing) {
    struct stat file {};
    Identity out;
    if (::stat(backing.c_str(), &file) == 0) {
        out = file_identity(backing, file);
    }
    out.product = "LOOP DEVICE";
    return out;
}

Identity mapped_identity(const std::string& folder) {
    Identity out;
    out.vendor = "LINUX";
    out.product = "DEVICE MAPPER";
    out.serial = first_line(folder + "/dm/name");
    out.unique_id = bare_unique_id(first_line(folder + "/dm/uuid"));
    return out;
}

Identity disk_identity(const std::string& folder) {
    if (const std::string backing = first_line(folder + "/loop/backing_file"); !backing.empty()) {
        return loop_identity(backing);
    }
    if (fs::exists(folder + "/dm/uuid")) {
        return mapped_identity(folder);
    }
    Identity out;
    out.vendor = first_of(folder, {"device/vendor"});
    out.product = first_of(folder, {"device/model"});
    out.revision = first_of(folder, {"device/rev", "device/firmware_rev"});
    out.serial = serial_page(folder + "/device/vpd_pg80");
    if (out.serial.empty()) {
        out.serial = first_of(folder, {"serial", "device/serial"});
    }
    // An NVMe namespace's "wwid" may be its UUID; arrays and the other drivers say NGUID or EUI-64.
    out.unique_id = bare_unique_id(first_of(folder, {"device/wwid", "nguid", "eui", "wwid"}));
    return out;
}

} // namespace

std::string bare_unique_id(std::string name) {
    for (const std::string_view prefix : {"mpath-", "naa.", "eui.", "uuid."}) {
        if (name.starts_with(prefix)) {
            name.erase(0, prefix.size());
        }
    }
    // scsi_id(8) and multipath put the designator's type before it: 2 is EUI-64, 3 is NAA.
    const bool typed = name.size() > 1 && (name[0] == '2' || name[0] == '3') &&
                       is_designator(std::string_view(name).substr(1));
    if (typed) {
        name.erase(0, 1);
    }
    std::string bare = name;
    std::erase_if(bare, [](char c) { return c == '-' || c == ' '; });
    if (!is_designator(bare)) {
        return name;
    }
    std::transform(bare.begin(), bare.end(), bare.begin(), [](unsigned char c) {
        return static_cast<char>(std::tolower(c));
    });
    return bare;
}

Identity device_identity(dev_t device, const KernelView& view) {
    const std::string folder = device_folder(device, view);
    if (folder.empty()) {
        return {};
    }
    const std::string partition = first_line(folder + "/partition");
    if (partition.empty()) {
        return disk_identity(folder);
    }
    Identity out = disk_identity(fs::path(folder).parent_path().string());
    for (std::string* name : {&out.serial, &out.unique_id}) {
        if (!name->empty()) {
            *name += "-part" + partition;
        }
    }
    return out;
}

Identity file_identity(const std::string& path, const struct stat& file) {
    struct statvfs system {};
    const bool known = ::statvfs(path.c_str(), &system) == 0;
    struct statx born {};
    const bool dated = ::statx(AT_FDCWD, path.c_str(), 0, STATX_BTIME, &born) == 0 &&
                       (born.stx_mask & STATX_BTIME) != 0;
    Identity out;
    out.vendor = "LINUX";
    out.product = "FILE";
    out.serial = fmt::format("file-{:x}-{:x}-{:x}",
                             known ? system.f_fsid : file.st_dev,
                             file.st_ino,
                             dated ? born.stx_btime.tv_sec : 0);
    return out;
}

} // namespace drivers::block_device
