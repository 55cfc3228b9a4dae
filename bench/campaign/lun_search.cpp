// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/lun_search.h"

#include "bench/campaign/lun_names.h"
#include "drivers/api/errors.h"
#include "drivers/block_device/kernel_view.h"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>

namespace bench::campaign {

namespace {

constexpr std::uint32_t units_tried = 64;
constexpr drivers::Duration units_patience = std::chrono::seconds(60); // Some only time out.

bool is_it(const drivers::Identity& found, const drivers::Identity& wanted) {
    return names_lun(wanted.unique_id.empty() ? wanted.serial : wanted.unique_id, found);
}

// What stands there, or nothing at all.
bool leads_to(const plan::Url& url,
              const drivers::Identity& wanted,
              const plan::DriverOptions& options,
              drivers::Clock& clock) {
    try {
        return is_it(plan::probe_lun(url, options, clock).identity, wanted);
    } catch (const drivers::ArrayError&) {
    } catch (const drivers::UsageError&) {
    } catch (const drivers::HostError&) {
    }
    return false;
}

std::vector<plan::Url> among_devices(const drivers::Identity& wanted) {
    namespace fs = std::filesystem;
    const drivers::block_device::KernelView view;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(view.sys + "/class/block", error)) {
        const std::string path = "/dev/" + entry.path().filename().string();
        struct stat device {};
        if (::stat(path.c_str(), &device) == 0 && S_ISBLK(device.st_mode) &&
            is_it(drivers::block_device::device_identity(device.st_rdev, view), wanted)) {
            return {plan::parse_url(path)};
        }
    }
    return {};
}

} // namespace

std::vector<plan::Url>
find_lun(const SearchedLun& lun, const plan::DriverOptions& options, drivers::Clock& clock) {
    const drivers::Identity& wanted = lun.wanted;
    if (wanted.unique_id.empty() && wanted.serial.empty()) {
        throw drivers::ArrayError(
            fmt::format("{}: says no identity: whether this host sees the same LUN cannot be known",
                        lun.told.front().text()));
    }
    const auto holds = [&](const plan::Url& url) {
        return leads_to(url, wanted, options, clock);
    };
    if (std::all_of(lun.told.begin(), lun.told.end(), holds)) {
        return lun.told;
    }
    std::vector<plan::Url> out;
    if (lun.told.front().kind == plan::UrlKind::block_device) {
        out = among_devices(wanted);
    } else {
        for (const plan::Url& url : lun.described) {
            if (out.size() < lun.told.size() && holds(url)) {
                out.push_back(url);
            }
        }
        if (out.size() < lun.told.size()) {
            out.clear();
        }
        const drivers::TimePoint until = clock.now() + units_patience;
        for (std::uint32_t unit = 0;
             unit < units_tried && out.empty() && (unit == 0 || clock.now() < until);
             ++unit) {
            out = lun.told;
            for (plan::Url& url : out) {
                url.unit = unit;
            }
            if (!holds(out.front())) {
                out.clear();
            }
        }
    }
    if (out.empty()) {
        throw drivers::ArrayError(
            fmt::format("{}: this host sees no LUN with the identity {}, there or elsewhere",
                        lun.told.front().text(),
                        wanted.unique_id.empty() ? wanted.serial : wanted.unique_id));
    }
    return out;
}

} // namespace bench::campaign
