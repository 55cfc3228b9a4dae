// SPDX-License-Identifier: Apache-2.0
#include "drivers/array/portal_factory.h"

#include "drivers/api/errors.h"
#include "drivers/array/iscsi_portal.h"
#include "drivers/array/nvme_portal.h"
#include "drivers/array/nvme_target.h"

#include <fmt/format.h>

namespace drivers::array {

struct PortalFactory::Shared {
    Shared(boost::asio::io_context& used, ArrayCore& behind, Clock& time)
        : context(used)
        , core(behind)
        , clock(time)
        , nvme(behind)
        , iscsi(behind) {}

    boost::asio::io_context& context;
    ArrayCore& core;
    Clock& clock;
    NvmeTarget nvme; // Discovery at one door tells of all.
    IscsiNode iscsi;
};

namespace {

NvmePortalSettings nvme_settings(const PortalSettings& settings) {
    NvmePortalSettings nvme;
    nvme.controller = settings.controller;
    nvme.listen = settings.listen;
    nvme.advertise = settings.advertise;
    nvme.port_id = settings.group_tag;
    NvmeSubsystemSettings subsystem;
    subsystem.nqn = settings.name;
    if (!settings.model.empty()) {
        subsystem.model = settings.model;
    }
    subsystem.host_secret = settings.chap.secret;
    subsystem.controller_secret = settings.chap.mutual_secret;
    nvme.subsystems.push_back(subsystem);
    return nvme;
}

} // namespace

PortalFactory::PortalFactory(boost::asio::io_context& context, ArrayCore& core, Clock& clock)
    : shared_(std::make_unique<Shared>(context, core, clock)) {}

PortalFactory::~PortalFactory() = default;

std::unique_ptr<Portal> PortalFactory::open(const PortalSettings& settings) {
    if (settings.transport == PortalTransport::nvme_tcp) {
        return std::make_unique<NvmePortal>(
            shared_->context, shared_->nvme, shared_->clock, nvme_settings(settings));
    }
    if (settings.transport == PortalTransport::iscsi) {
        return std::make_unique<IscsiPortal>(
            shared_->context, shared_->iscsi, shared_->clock, settings);
    }
    throw UsageError(
        fmt::format("portal \"{}\": this build serves no such transport", settings.name));
}

} // namespace drivers::array
