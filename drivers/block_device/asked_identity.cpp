// SPDX-License-Identifier: Apache-2.0
#include "drivers/block_device/asked_identity.h"

#include "drivers/api/errors.h"
#include "drivers/wire/lun_pages.h"
#include "drivers/wire/nvme_identify.h"

#include <linux/nvme_ioctl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/format.h>
#include <memory>
#include <scsi/sg.h>

namespace drivers::block_device {

namespace {

constexpr unsigned patience_ms = 5000;

// An INQUIRY for a vital product data page; empty if the device does not answer with it.
std::vector<std::byte> vital_page(int fd, std::uint8_t code) {
    std::vector<std::byte> page(1024);
    std::array<unsigned char, 6> command{0x12, 0x01, code, 0x04, 0x00, 0x00}; // SPC-5 6.7
    std::array<unsigned char, 64> sense{};
    sg_io_hdr request{};
    request.interface_id = 'S';
    request.dxfer_direction = SG_DXFER_FROM_DEV;
    request.cmd_len = command.size();
    request.cmdp = command.data();
    request.mx_sb_len = sense.size();
    request.sbp = sense.data();
    request.dxfer_len = static_cast<unsigned>(page.size());
    request.dxferp = page.data();
    request.timeout = patience_ms;
    const bool good = ::ioctl(fd, SG_IO, &request) == 0 && request.status == 0 &&
                      request.host_status == 0 && request.resid >= 0 &&
                      static_cast<std::size_t>(request.resid) <= page.size();
    page.resize(good ? page.size() - static_cast<std::size_t>(request.resid) : 0);
    return page;
}

std::optional<AskedIdentity> asked_scsi(int fd) {
    const auto ids = vital_page(fd, 0x83);
    if (ids.empty()) {
        return std::nullopt;
    }
    const auto serial = vital_page(fd, 0x80);
    return AskedIdentity{wire::scsi::parse_serial(serial), lun_designators(ids)};
}

bool identified(int fd,
                std::uint32_t nsid,
                std::uint8_t structure,
                wire::nvme::IdentifyPage& page) {
    nvme_admin_cmd command{};
    command.opcode = 0x06; // NVM Express Base 2.0, 5.17
    command.nsid = nsid;
    command.cdw10 = structure;
    command.addr = reinterpret_cast<std::uintptr_t>(page.data());
    command.data_len = static_cast<std::uint32_t>(page.size());
    command.timeout_ms = patience_ms;
    return ::ioctl(fd, NVME_IOCTL_ADMIN_CMD, &command) == 0;
}

void add_if_there(const std::string& id, std::vector<std::string>& out) {
    if (id.find_first_not_of('0') != std::string::npos) { // All zero: not said.
        out.push_back(id);
    }
}

std::optional<AskedIdentity> asked_nvme(int fd) {
    const int nsid = ::ioctl(fd, NVME_IOCTL_ID);
    auto page = std::make_unique<wire::nvme::IdentifyPage>();
    if (nsid <= 0 ||
        !identified(fd, static_cast<std::uint32_t>(nsid), wire::nvme::identify_namespace, *page)) {
        return std::nullopt;
    }
    AskedIdentity out;
    if (const auto is = wire::nvme::get_identify_namespace(*page)) {
        add_if_there(wire::nvme::hexadecimal(is->nguid), out.unique_ids);
        add_if_there(wire::nvme::hexadecimal(is->eui64), out.unique_ids);
    }
    if (identified(fd,
                   static_cast<std::uint32_t>(nsid),
                   wire::nvme::identify_namespace_descriptors,
                   *page)) {
        const auto ids = wire::nvme::get_namespace_identifiers(*page);
        for (const std::string& id : {ids.nguid, ids.eui64, ids.uuid}) {
            add_if_there(bare_unique_id(id), out.unique_ids);
        }
    }
    if (identified(fd, 0, wire::nvme::identify_controller, *page)) {
        out.serial = wire::nvme::get_identify_controller(*page).serial;
    }
    return out;
}

std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& name : names) {
        out += (out.empty() ? "" : " or ") + name;
    }
    return out;
}

} // namespace

std::vector<std::string> lun_designators(wire::Bytes page) {
    std::vector<std::string> out;
    if (const std::string best = wire::scsi::parse_device_ids(page).unique_id; !best.empty()) {
        out.push_back(best);
    }
    if (page.size() < 4 || wire::load_u8(page, 1) != 0x83) {
        return out;
    }
    const std::size_t length = std::min<std::size_t>(wire::load_be16(page, 2), page.size() - 4);
    wire::Bytes rest = page.subspan(4, length);
    while (rest.size() >= 4 && wire::load_u8(rest, 3) <= rest.size() - 4) { // SPC-5 7.7.6.1
        const wire::Bytes value = rest.subspan(4, wire::load_u8(rest, 3));
        const bool of_lun = (wire::load_u8(rest, 1) >> 4U & 0x3U) == 0;
        const unsigned type = wire::load_u8(rest, 1) & 0xfU;
        if (of_lun && (type == 2 || type == 3)) { // EUI-64, NAA
            add_if_there(wire::nvme::hexadecimal(value), out);
        } else if (of_lun && type == 8) { // A name as text: "naa.6..."
            std::string name(reinterpret_cast<const char*>(value.data()), value.size());
            name.resize(std::min(name.size(), name.find('\0')));
            add_if_there(bare_unique_id(std::move(name)), out);
        }
        rest = rest.subspan(4 + value.size());
    }
    return out;
}

std::optional<AskedIdentity> asked_identity(int fd) {
    auto out = asked_scsi(fd);
    return out ? out : asked_nvme(fd);
}

bool is_askable(dev_t device, const KernelView& view) {
    const std::string folder = device_folder(device, view);
    namespace fs = std::filesystem;
    if (folder.empty() || fs::exists(folder + "/partition") || fs::exists(folder + "/loop")) {
        return false;
    }
    const std::string mapped = first_line(folder + "/dm/uuid");
    return mapped.empty() || mapped.starts_with("mpath-");
}

Identity agreed_identity(Identity remembered, const AskedIdentity& asked, const std::string& path) {
    if (remembered.serial.empty()) {
        remembered.serial = asked.serial;
    }
    if (asked.unique_ids.empty()) {
        return remembered;
    }
    if (remembered.unique_id.empty()) {
        remembered.unique_id = asked.unique_ids.front();
        return remembered;
    }
    const bool is_hexadecimal =
        remembered.unique_id.find_first_not_of("0123456789abcdef") == std::string::npos;
    const bool same =
        std::find(asked.unique_ids.begin(), asked.unique_ids.end(), remembered.unique_id) !=
        asked.unique_ids.end();
    if (is_hexadecimal && !same) {
        throw HostError(fmt::format("{}: the kernel knows it as {}, but the device itself says {}: "
                                    "another LUN was mapped there; rescan it first",
                                    path,
                                    remembered.unique_id,
                                    listed(asked.unique_ids)));
    }
    return remembered;
}

} // namespace drivers::block_device
