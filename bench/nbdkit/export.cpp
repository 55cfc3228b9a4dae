// SPDX-License-Identifier: Apache-2.0
#include "bench/nbdkit/export.h"

#include "bench/plan/driver_end_text.h"
#include "bench/plan/lun_mark_text.h"
#include "drivers/api/errors.h"
#include "profiles/units.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <fstream>

namespace bench::nbdkit {

using drivers::Op;
using drivers::Request;
using drivers::UsageError;

namespace {

constexpr std::uint32_t largest_piece = 1U << 20U;
constexpr int attempts = 5; // Unit attentions and "busy" pass.

} // namespace

int error_of(const drivers::Completion& end) {
    // NVMe status codes stand where SCSI has a sense key of 0 (NVM Express Base 2.0, 3.3.3.2.1).
    constexpr std::uint32_t nvme_write_protected = 0x0020;
    constexpr std::uint32_t nvme_capacity_exceeded = 0x0081;
    constexpr std::uint32_t nvme_read_only_range = 0x0182;
    constexpr std::uint32_t key_mask = 0xff0000;
    constexpr std::uint32_t data_protect = 0x070000;
    constexpr std::uint32_t out_of_space = 0x072707;
    if (end.status == drivers::Status::good) {
        return 0;
    }
    if (end.sense == out_of_space || end.sense == nvme_capacity_exceeded) {
        return ENOSPC;
    }
    const bool refused = (end.sense & key_mask) == data_protect ||
                         end.sense == nvme_write_protected || end.sense == nvme_read_only_range;
    return refused ? EPERM : EIO;
}

void ExportSettings::set(std::string_view key, std::string_view value) {
    if (key == "url") {
        url = plan::parse_url(value);
    } else if (key == "destroy") {
        permission.identities.emplace_back(value);
    } else if (key == "overwrite-data" && (value == "true" || value == "false")) {
        permission.overwrite_data = value == "true";
    } else if (key == "expect") {
        options.expected = plan::lun_mark_from(value);
        if (!options.expected) {
            throw UsageError(fmt::format(
                "expect={}: wanted a LUN's size, unique id and serial, as BLOCKSxBYTES,ID,SERIAL",
                value));
        }
    } else if (key == "end-file") {
        end_file = value;
    } else if (key == "lease") {
        lease_token = value;
    } else if (key == "lease-file") {
        std::ifstream in{std::string(value)};
        if (!std::getline(in, lease_token) || lease_token.empty()) {
            throw UsageError(
                fmt::format("lease-file={}: wanted a file with the word in it", value));
        }
    } else if (key == "depth") {
        constexpr std::size_t depth_max = 1023;
        const auto [end, error] =
            std::from_chars(value.data(), value.data() + value.size(), options.depth);
        if (error != std::errc{} || end != value.data() + value.size() || options.depth == 0 ||
            options.depth > depth_max) {
            throw UsageError(fmt::format("depth={}: wanted 1 to {}", value, depth_max));
        }
    } else if (key == "timeout") {
        const auto time = profiles::parse_duration(value);
        if (!time || *time < std::chrono::milliseconds(100) || *time > std::chrono::hours(1)) {
            throw UsageError(fmt::format("timeout={}: wanted a time like 30s, 100ms to 1h", value));
        }
        options.command_timeout = *time;
        options.reconnect_timeout = *time;
    } else {
        throw UsageError(fmt::format("{}={}: wanted url=, destroy=, overwrite-data=true, "
                                     "expect=, lease=, lease-file=, end-file=, timeout= or depth=",
                                     key,
                                     value));
    }
}

// Whole or not at all: somebody reads it while this process goes on.
void ExportSettings::tell_end(drivers::DriverEnd end, std::string_view reason) const noexcept {
    if (end_file.empty()) {
        return;
    }
    try {
        const std::string part = end_file + ".part";
        std::ofstream(part) << plan::driver_end_text(end, reason);
        std::rename(part.c_str(), end_file.c_str());
    } catch (const std::exception&) { // Then its clients hear of an I/O error, as ever.
    }
}

void ExportSettings::check() const {
    if (!url) {
        throw UsageError(
            "wanted url=, for example url=iscsi://10.0.0.5/iqn.2006-08.com.example:a/1");
    }
    if (permission.overwrite_data && permission.identities.empty()) {
        throw UsageError("overwrite-data=true: wanted destroy=ID with it");
    }
}

Export::Export(const ExportSettings& settings, bool read_only)
    : writable_(!read_only && !settings.permission.identities.empty()) {
    auto driver = plan::open_driver(*settings.url, settings.options, clock_);
    mark_ = drivers::mark_of(driver->identity(), driver->geometry());
    const auto& named = settings.permission.identities;
    if (writable_ && settings.cleared) {
        if (std::none_of(named.begin(), named.end(), [&](const std::string& one) {
                return campaign::names_lun(one, driver->identity());
            })) {
            throw drivers::SafetyError(settings.url->text() + ": has become another LUN");
        }
    } else if (writable_) {
        plan::DriverOptions asked = settings.options;
        asked.expected = mark_;
        const auto report = plan::probe_lun(*settings.url, asked, clock_);
        campaign::check_may_write(*driver, report, settings.permission);
    }
    service_ =
        std::make_unique<LunService>(std::move(driver),
                                     clock_,
                                     settings.options.reconnect_timeout,
                                     [settings](drivers::DriverEnd end, std::string_view reason) {
                                         settings.tell_end(end, reason);
                                     });
}

std::int64_t Export::size_bytes() const noexcept {
    const drivers::Geometry& geometry = service_->geometry();
    return static_cast<std::int64_t>(geometry.block_count * geometry.block_bytes);
}

Export::BlockSizes Export::block_sizes() const noexcept {
    const std::uint32_t block = service_->geometry().block_bytes;
    return {block, std::max(block, 4096U), std::max(piece_bytes(), 4096U)};
}

std::uint32_t Export::piece_bytes() const noexcept {
    const drivers::Geometry& geometry = service_->geometry();
    const std::uint32_t limit = geometry.transfer_bytes_max == 0
                                    ? largest_piece
                                    : std::min(geometry.transfer_bytes_max, largest_piece);
    return std::max(geometry.block_bytes, limit / geometry.block_bytes * geometry.block_bytes);
}

bool Export::is_whole(std::uint64_t count, std::uint64_t at) const noexcept {
    const std::uint32_t block = service_->geometry().block_bytes;
    return count % block == 0 && at % block == 0;
}

int Export::execute(const Request& request) {
    drivers::Completion end;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        end = service_->execute(request);
        constexpr std::uint32_t unit_attention = 0x06;
        const bool passes =
            end.status == drivers::Status::busy ||
            (end.status == drivers::Status::failed && end.sense >> 16U == unit_attention);
        if (!passes) {
            break;
        }
    }
    return error_of(end);
}

int Export::transfer(Op op, std::span<std::byte> data, std::uint64_t at, bool force) {
    const std::uint32_t block = service_->geometry().block_bytes;
    while (!data.empty()) {
        Request request;
        request.op = op;
        request.force_unit_access = force;
        request.data = data.first(std::min<std::size_t>(piece_bytes(), data.size()));
        request.range = {at / block, request.data.size() / block};
        if (const int error = execute(request); error != 0) {
            return error;
        }
        at += request.data.size();
        data = data.subspan(request.data.size());
    }
    return 0;
}

int Export::read_around(std::span<std::byte> data, std::uint64_t at) {
    const std::uint32_t block = service_->geometry().block_bytes;
    const std::uint64_t from = at / block * block;
    const std::uint64_t to = (at + data.size() + block - 1) / block * block;
    std::vector<std::byte> blocks(to - from);
    const int error = transfer(Op::read, blocks, from, false);
    if (error == 0) {
        std::memcpy(data.data(), blocks.data() + (at - from), data.size());
    }
    return error;
}

int Export::read(void* data, std::uint32_t count, std::uint64_t at) {
    const std::span<std::byte> into(static_cast<std::byte*>(data), count);
    return is_whole(count, at) ? transfer(Op::read, into, at, false) : read_around(into, at);
}

int Export::write(const void* data, std::uint32_t count, std::uint64_t at, bool force) {
    if (!writable_) {
        return EPERM;
    }
    if (!is_whole(count, at)) {
        return EINVAL;
    }
    // A driver only reads what it writes; its requests have one kind of buffer.
    auto* const bytes = static_cast<std::byte*>(const_cast<void*>(data)); // NOLINT
    return transfer(Op::write, {bytes, count}, at, force);
}

int Export::flush() {
    Request request;
    request.op = Op::flush;
    return execute(request);
}

int Export::trim(std::uint32_t count, std::uint64_t at, bool force) {
    if (!writable_) {
        return EPERM;
    }
    const std::uint32_t block = service_->geometry().block_bytes;
    const std::uint64_t from = (at + block - 1) / block; // Whole blocks only: the rest may stay.
    const std::uint64_t to = (at + count) / block;
    if (from >= to) {
        return 0;
    }
    const drivers::BlockRange range{from, to - from};
    Request request;
    request.op = Op::unmap;
    request.ranges = {&range, 1};
    const int error = execute(request);
    return error == 0 && force ? flush() : error;
}

int Export::zero(std::uint32_t count, std::uint64_t at, bool force) {
    if (!writable_) {
        return EPERM;
    }
    if (!is_whole(count, at)) {
        return EOPNOTSUPP; // nbdkit writes zeroes instead, and is told why it cannot.
    }
    const std::uint32_t block = service_->geometry().block_bytes;
    Request request;
    request.op = Op::write_zeroes;
    request.range = {at / block, count / block};
    const int error = execute(request);
    return error == 0 && force ? flush() : error;
}

} // namespace bench::nbdkit
