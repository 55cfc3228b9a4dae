// SPDX-License-Identifier: Apache-2.0
#include "drivers/iscsi/lun_list.h"

#include "drivers/api/lun_serial.h"
#include "drivers/iscsi/iscsi_driver.h"
#include "drivers/iscsi/scsi_commands.h"
#include "drivers/wire/end_words.h"
#include "drivers/wire/lun_list.h"
#include "drivers/wire/scsi_sense.h"

#include <fmt/format.h>
#include <set>

namespace drivers::iscsi {

namespace {

constexpr std::uint32_t list_bytes_first = 4096;
constexpr std::uint64_t luns_max = 16384;
constexpr std::size_t compared_max = 4096;
constexpr std::size_t named_most = 8;
constexpr Duration goodbye = std::chrono::milliseconds(200);

std::uint16_t field_at(std::uint64_t field) {
    return static_cast<std::uint16_t>(field >> 48U);
}

// One session that looks at LUN after LUN.
class Lister {
public:
    Lister(const SessionSettings& settings,
           const Clock& clock,
           Duration login_timeout,
           const AskLimits& limits)
        : clock_(clock)
        , limits_(limits)
        , destination_(settings.portal)
        , session_(open_session(settings, destination_, clock, login_timeout)) {}
    ~Lister() { session_->logout(goodbye); }
    Lister(const Lister&) = delete;
    Lister& operator=(const Lister&) = delete;

    wire::scsi::LunList report() {
        constexpr std::uint8_t all = 0x02; // Well known ones too.
        constexpr std::uint8_t plain = 0x00;
        for (const std::uint16_t to : {std::uint16_t{0}, wire::scsi::report_luns_field}) {
            for (const std::uint8_t select : {all, plain}) {
                if (auto list = report(to, select, list_bytes_first)) {
                    const std::uint64_t count = std::min(list->count, luns_max);
                    const auto bytes = static_cast<std::uint32_t>(8 + 8 * count);
                    const bool is_whole = list->fields.size() >= count;
                    auto whole = is_whole ? list : report(to, select, bytes);
                    return whole ? *whole : *list;
                }
            }
        }
        throw ArrayError(fmt::format("the target does not list its LUNs (REPORT LUNS): {}",
                                     wire::sense_text(last_end_)));
    }

    // Nothing: it does not say.
    std::optional<wire::scsi::LunList> report_if_told() {
        try {
            return report();
        } catch (const ArrayError&) {
            if (session_->state() != SessionState::up) {
                throw;
            }
            return std::nullopt;
        }
    }

    // Of a LUN that is not listed. One that answers anything but that it does not exist may be one.
    bool is_there(std::uint64_t field) {
        session_->aim(field_at(field));
        Asker asker(*session_, control_, clock_, limits_);
        if (!asker.ask(inquiry_cdb(control_bytes))) {
            return (control_.sense() & 0xffffU) != wire::scsi::code::unit_not_supported;
        }
        const auto inquiry = wire::scsi::parse_inquiry(control_.bytes());
        return !inquiry || inquiry->qualifier == 0;
    }

    ListedLun look(std::uint64_t field) {
        ListedLun out;
        out.name = wire::scsi::lun_field_text(field);
        out.number = wire::scsi::plain_lun(field);
        const bool reachable = (field & 0x0000ffffffffffffULL) == 0;
        if (!reachable) {
            out.note = "by an address of more than two bytes: not reachable here";
            return out;
        }
        session_->aim(field_at(field));
        try {
            tell(out);
        } catch (const ArrayError& error) {
            out.note = error.what();
            is_over_ = session_->state() != SessionState::up || !control_.idle();
        }
        return out;
    }

    bool is_over() const noexcept { return is_over_; } // Nothing more can be asked.

    // Whether it may have this serial: a disk that does not tell its own may.
    bool may_have_serial(std::uint64_t field, const std::string& plain) {
        session_->aim(field_at(field));
        Asker asker(*session_, control_, clock_, limits_);
        const std::string told = asker.ask(vital_page_cdb(0x80, control_bytes))
                                     ? plain_serial(wire::scsi::parse_serial(control_.bytes()))
                                     : "";
        if (!told.empty()) {
            return told == plain;
        }
        const bool is_known = asker.ask(inquiry_cdb(control_bytes));
        const auto inquiry = is_known ? wire::scsi::parse_inquiry(control_.bytes()) : std::nullopt;
        return !inquiry || (inquiry->qualifier == 0 && inquiry->device_type == 0);
    }

private:
    std::optional<wire::scsi::LunList>
    report(std::uint16_t to, std::uint8_t select, std::uint32_t bytes) {
        session_->aim(to);
        lists_.push_back(std::make_unique<Control>(bytes));
        Control& control = *lists_.back();
        Asker asker(*session_, control, clock_, limits_);
        const bool told = asker.ask(report_luns_cdb(select, bytes));
        last_end_ = control.end();
        return told ? wire::scsi::parse_lun_list(control.bytes()) : std::nullopt;
    }

    void tell(ListedLun& out) {
        Asker asker(*session_, control_, clock_, limits_);
        const bool told = asker.ask(inquiry_cdb(control_bytes));
        const auto inquiry = told ? wire::scsi::parse_inquiry(control_.bytes()) : std::nullopt;
        if (!inquiry) {
            out.note = wire::sense_text(control_.end());
            return;
        }
        out.type = wire::scsi::device_type_name(inquiry->device_type);
        out.identity.vendor = inquiry->vendor;
        out.identity.product = inquiry->product;
        out.identity.revision = inquiry->revision;
        if (inquiry->qualifier != 0 || inquiry->device_type != 0) {
            return;
        }
        const LunFacts facts = ask_facts(*session_, control_, clock_, limits_);
        out.identity = facts.identity();
        out.geometry = facts.geometry();
        check_block_size(facts);
    }

    const Clock& clock_;
    AskLimits limits_;
    Destination destination_;
    Control control_; // What commands point into goes after the session that may touch it.
    std::vector<std::unique_ptr<Control>> lists_;
    std::unique_ptr<Session> session_;
    std::uint32_t last_end_ = 0;
    bool is_over_ = false;
};

} // namespace

LunListing list_luns(const SessionSettings& settings,
                     const Clock& clock,
                     Duration login_timeout,
                     const AskLimits& limits) {
    Lister lister(settings, clock, login_timeout, limits);
    const wire::scsi::LunList list = lister.report();
    LunListing out;
    std::set<std::uint64_t> seen;
    for (const std::uint64_t field : list.fields) {
        if (!seen.insert(field).second) {
            continue;
        }
        out.luns.push_back(lister.look(field));
        if (lister.is_over()) {
            out.note = fmt::format(
                "{} of {} LUNs were asked: {}", out.luns.size(), list.count, out.luns.back().note);
            return out;
        }
    }
    if (out.luns.size() < list.count) {
        out.note =
            fmt::format("the target says it has {} LUNs and lists {}", list.count, out.luns.size());
    }
    return out;
}

namespace {

// What a target may have beside a LUN, listed or not: LUN fields.
std::set<std::uint64_t> neighbours_of(std::uint16_t lun) {
    constexpr std::uint16_t low_most = 15;
    constexpr std::uint16_t reach = 8;
    constexpr unsigned lun_most = 0x3fff;
    std::set<std::uint64_t> out;
    const auto add = [&](unsigned number) {
        const auto one = static_cast<std::uint16_t>(number);
        if (one != lun && number <= lun_most) {
            out.insert(std::uint64_t{field_of(one)} << 48U);
            out.insert(std::uint64_t{flat_field_of(one)} << 48U);
        }
    };
    for (unsigned number = 0; number <= low_most; ++number) {
        add(number);
    }
    for (unsigned away = 1; away <= reach; ++away) {
        add(lun + away);
        add(lun >= away ? lun - away : lun + away);
    }
    return out;
}

} // namespace

SerialSharers luns_with_serial(const SessionSettings& settings,
                               const Clock& clock,
                               Duration login_timeout,
                               const AskLimits& limits,
                               const std::string& serial) {
    Lister lister(settings, clock, login_timeout, limits);
    const std::optional<wire::scsi::LunList> list = lister.report_if_told();
    const std::string plain = plain_serial(serial);
    SerialSharers out;
    const auto compare = [&](std::uint64_t field, bool is_listed) {
        if (out.names.size() < named_most) {
            ++out.asked;
            if ((is_listed || lister.is_there(field)) && lister.may_have_serial(field, plain)) {
                out.names.push_back("LUN " + wire::scsi::lun_field_text(field));
            }
        }
    };
    std::set<std::uint64_t> unlisted = neighbours_of(settings.lun);
    if (list) {
        bool is_listed = false;
        for (const std::uint64_t field : list->fields) {
            const auto number = wire::scsi::plain_lun(field);
            is_listed = is_listed || (number && *number == settings.lun);
            if (number && *number != settings.lun && out.asked < compared_max) {
                compare(field, true);
                unlisted.erase(std::uint64_t{field_of(*number)} << 48U);
                unlisted.erase(std::uint64_t{flat_field_of(*number)} << 48U);
            }
        }
        if (!is_listed || list->fields.size() < list->count || list->fields.size() > compared_max) {
            out.names.push_back(fmt::format(
                "LUNs that cannot be compared (the target says it has {})", list->count));
        }
    }
    for (const std::uint64_t field : unlisted) {
        compare(field, false);
    }
    return out;
}

} // namespace drivers::iscsi
