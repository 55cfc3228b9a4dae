// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/array/iscsi_parameters.h"
#include "drivers/array/portal_settings.h"
#include "drivers/wire/iscsi_chap.h"
#include "drivers/wire/iscsi_text.h"

#include <optional>
#include <string>

namespace drivers::array {

enum class LoginStatus : std::uint16_t { // RFC 7143 section 11.13.5: class << 8 | detail
    success = 0x0000,
    initiator_error = 0x0200,
    authentication_failure = 0x0201,
    not_found = 0x0203,
    unsupported_version = 0x0205,
    too_many_connections = 0x0206,
    missing_parameter = 0x0207,
    session_type_unsupported = 0x0209,
    no_such_session = 0x020A,
    invalid_request = 0x020B,
    service_unavailable = 0x0301,
    out_of_resources = 0x0302
};

struct LoginAnswer {
    LoginStatus status = LoginStatus::success;
    bool is_complete = false;          // The full-feature phase begins with this answer.
    wire::iscsi::BasicHeader header{}; // All but serial numbers and, if complete, the TSIH.
    std::string text;
};

// One connection's login phase as a machine without sockets: a request goes in, an answer comes
// out, and after a refusal or a completed login no more is asked of it. Throws HostError if the
// host lacks randomness or digests.
class Login {
public:
    explicit Login(const PortalSettings& settings)
        : settings_(settings) {}

    LoginAnswer take(const wire::iscsi::BasicHeader& request, wire::Bytes data);
    const SessionParameters& parameters() const noexcept { return parameters_; }

    static LoginAnswer refuse(const wire::iscsi::BasicHeader& request, LoginStatus status);

private:
    enum class Security : std::uint8_t { open, method_chosen, challenged, proven };

    LoginStatus check(const wire::iscsi::BasicHeader& request) noexcept;
    LoginStatus declare(const std::vector<wire::iscsi::TextPair>& pairs);
    LoginStatus secure(const std::vector<wire::iscsi::TextPair>& pairs, std::string& answer);
    LoginStatus choose_method(std::string_view offered, std::string& answer);
    LoginStatus challenge(std::string_view offered, std::string& answer);
    LoginStatus prove(const std::vector<wire::iscsi::TextPair>& pairs, std::string& answer);
    LoginStatus prove_ourselves(const std::vector<wire::iscsi::TextPair>& pairs,
                                std::string& answer);
    void operate(const std::vector<wire::iscsi::TextPair>& pairs, std::string& answer);
    bool needs_chap() const noexcept { return !settings_.chap.user.empty(); }
    LoginAnswer answer_to(const wire::iscsi::BasicHeader& request, std::string text);

    const PortalSettings& settings_;
    SessionParameters parameters_;
    std::string collected_; // Text of requests with the continue bit.
    std::uint32_t requests_ = 0;
    std::uint8_t stage_ = 0;
    bool has_begun_ = false;
    bool has_declared_ = false; // Our own MaxRecvDataSegmentLength has been sent.
    bool is_offer_complete_ = false;
    Security security_ = Security::open;
    wire::iscsi::ChapAlgorithm algorithm_ = wire::iscsi::ChapAlgorithm::md5;
    wire::iscsi::ChapChallenge challenge_;
};

} // namespace drivers::array
