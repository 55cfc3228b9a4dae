// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/iscsi_assembly.h"

#include "drivers/api/errors.h"
#include "drivers/iscsi/lun_list.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <random>

namespace bench::plan {

namespace {

constexpr std::size_t secret_bytes_max = 255; // What libiscsi keeps of it.

std::string read_secret(const SecretPlace& place, const std::string& user) {
    std::string secret;
    std::string from = "environment variable " + place.environment;
    if (!place.file.empty()) {
        from = "file " + place.file;
        std::ifstream in(place.file);
        if (!in || !std::getline(in, secret)) {
            throw drivers::UsageError(
                fmt::format("CHAP user \"{}\": cannot read a secret from {}", user, from));
        }
    } else if (const char* const value = std::getenv(place.environment.c_str())) {
        secret = value;
    }
    while (!secret.empty() && (secret.back() == '\r' || secret.back() == '\n')) {
        secret.pop_back();
    }
    if (secret.empty() || secret.size() > secret_bytes_max) {
        throw drivers::UsageError(
            fmt::format("CHAP user \"{}\": {} holds {} bytes; wanted a secret of 1 to {} bytes",
                        user,
                        from,
                        secret.size(),
                        secret_bytes_max));
    }
    return secret;
}

// A secret that somebody named a file for, and no user to use it: left alone it would mean nothing.
void refuse_unused(const std::string& user,
                   const SecretPlace& place,
                   const char* what,
                   const Url& url) {
    if (user.empty() && !place.file.empty()) {
        throw drivers::UsageError(fmt::format(
            "{}: a {} secret is named, file {}, and no user for it", url.text(), what, place.file));
    }
}

std::uint64_t new_session_id() {
    std::random_device chance; // Must differ from every other initiator's: never seeded.
    return (std::uint64_t{chance()} << 16U ^ chance()) & 0xffffffffffU;
}

// Of many LUNs none is waited for long.
drivers::iscsi::AskLimits limits_of(const drivers::iscsi::IscsiSettings& settings) {
    constexpr drivers::Duration brief = std::chrono::milliseconds(500);
    return {settings.command_timeout, std::min(settings.ready_timeout, brief)};
}

} // namespace

drivers::iscsi::IscsiSettings
iscsi_settings(const Url& url, std::size_t portal, const DriverOptions& options) {
    if (options.data_digest || url.data_digest) {
        throw drivers::UsageError(fmt::format(
            "{}: iSCSI data digests cannot be had here: libiscsi offers header digests only",
            url.text()));
    }
    drivers::iscsi::IscsiSettings settings;
    drivers::iscsi::SessionSettings& session = settings.session;
    session.portal = url.portals.at(portal).text();
    session.target = url.target;
    session.lun = static_cast<std::uint16_t>(url.unit);
    session.initiator_name = options.initiator_name;
    session.header_digest = options.header_digest || url.header_digest;
    session.initiator_session_id = new_session_id();
    session.chap.user = options.chap_user.empty() ? url.user : options.chap_user;
    refuse_unused(session.chap.user, options.chap_secret, "CHAP", url);
    refuse_unused(options.mutual_user, options.mutual_secret, "mutual CHAP", url);
    if (!session.chap.user.empty()) {
        session.chap.secret = read_secret(options.chap_secret, session.chap.user);
    }
    session.mutual_chap.user = options.mutual_user;
    if (!session.mutual_chap.user.empty()) {
        if (session.chap.user.empty()) {
            throw drivers::UsageError("mutual CHAP wants a CHAP user for this side too");
        }
        session.mutual_chap.secret = read_secret(options.mutual_secret, options.mutual_user);
    }
    settings.depth = options.depth;
    settings.login_timeout = options.login_timeout;
    settings.command_timeout = options.command_timeout;
    settings.reconnect_timeout = options.reconnect_timeout;
    settings.ready_timeout = options.ready_timeout;
    settings.has_other_paths = options.has_other_paths;
    settings.access_interval = options.access_interval;
    return settings;
}

FoundLuns find_iscsi_luns(const Url& url, const DriverOptions& options, drivers::Clock& clock) {
    const auto settings = iscsi_settings(url, 0, options);
    auto listing = drivers::iscsi::list_luns(
        settings.session, clock, settings.login_timeout, limits_of(settings));
    FoundLuns out;
    out.note = std::move(listing.note);
    for (drivers::iscsi::ListedLun& lun : listing.luns) {
        Url own = url;
        own.lists_units = false;
        own.unit = lun.number.value_or(0);
        out.luns.push_back({std::move(lun.name),
                            lun.number ? own.text() : "",
                            std::move(lun.type),
                            std::move(lun.identity),
                            lun.geometry,
                            std::move(lun.note)});
    }
    return out;
}

drivers::iscsi::SerialSharers iscsi_luns_with_serial(const Url& url,
                                                     const DriverOptions& options,
                                                     drivers::Clock& clock,
                                                     const std::string& serial) {
    const auto settings = iscsi_settings(url, 0, options);
    try {
        return drivers::iscsi::luns_with_serial(
            settings.session, clock, settings.login_timeout, limits_of(settings), serial);
    } catch (const drivers::ProtocolError&) {
        throw;
    } catch (const drivers::ArrayError& error) {
        return {{fmt::format("LUNs that cannot be compared ({})", error.what())}};
    }
}

} // namespace bench::plan
