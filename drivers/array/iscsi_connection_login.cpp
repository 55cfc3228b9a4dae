// SPDX-License-Identifier: Apache-2.0
// How a connection comes to its session (RFC 7143 sections 6.3 and 11.12 f.).
#include "drivers/array/iscsi_connection.h"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace drivers::array {

using wire::iscsi::BasicHeader;
using wire::iscsi::Opcode;
using wire::iscsi::Word;

bool IscsiConnection::take_login(const ReceivedPdu& pdu) {
    const BasicHeader request = pdu.header;
    if (request.opcode() != Opcode::login_request || pdu.is_dropped) {
        close(); // Nothing else may come first.
        return false;
    }
    LoginAnswer answer = login_->take(request, pdu.data);
    if (answer.status == LoginStatus::success && answer.is_complete) {
        const LoginStatus admitted = admit(answer, request);
        if (admitted != LoginStatus::success) {
            answer = Login::refuse(request, admitted);
        }
    }
    send_login_answer(answer, request);
    if (answer.status != LoginStatus::success) {
        close_after_flush();
        return false;
    }
    if (session_) { // Digests hold from the first PDU after the login on.
        flush();
        const SessionParameters& agreed = session_->parameters();
        sender_.use_digests(agreed.digests);
        receiver_.use_digests(agreed.digests);
        receiver_.limit_segment(iscsi_limit::segment_bytes);
        login_.reset();
    }
    return !is_closed_;
}

void IscsiConnection::send_login_answer(LoginAnswer& answer, const BasicHeader& request) {
    cmd_sn_ = request.get(Word::cmd_sn);
    answer.header.set(Word::stat_sn, stat_sn_++);
    answer.header.set(Word::exp_cmd_sn, cmd_sn_);
    answer.header.set(Word::max_cmd_sn, cmd_sn_ + iscsi_limit::command_window - 1);
    sender_.push_with_text(answer.header, std::as_bytes(std::span(answer.text)));
}

LoginStatus IscsiConnection::admit(LoginAnswer& answer, const BasicHeader& request) {
    IscsiNode& node = home_.node;
    SessionParameters parameters = login_->parameters();
    if (!node.target.core().accepts_sessions(home_.settings.controller, home_.clock.now())) {
        return LoginStatus::service_unavailable;
    }
    const auto is_same_port = [&](const IscsiSession* session) {
        return session->parameters().isid == parameters.isid &&
               session->parameters().initiator_name == parameters.initiator_name &&
               session->parameters().target_name == parameters.target_name &&
               session->controller() == home_.settings.controller;
    };
    const auto old = std::find_if(node.sessions.begin(), node.sessions.end(), is_same_port);
    if (parameters.tsih != 0) { // Wants to join a session, which has room for one connection.
        return old != node.sessions.end() && (*old)->parameters().tsih == parameters.tsih
                   ? LoginStatus::too_many_connections
                   : LoginStatus::no_such_session;
    }
    if (old != node.sessions.end() && !parameters.is_discovery) {
        (*old)->end(true); // Session reinstatement (section 6.3.5).
    }
    if (node.sessions.size() >= iscsi_limit::sessions) {
        return LoginStatus::out_of_resources;
    }
    NexusId nexus = ScsiTarget::nobody;
    if (!parameters.is_discovery) {
        const auto opened = node.target.open_nexus(
            {parameters.initiator_name, parameters.isid, home_.settings.controller});
        if (!opened) {
            return LoginStatus::out_of_resources;
        }
        nexus = *opened;
    }
    parameters.tsih = node.take_tsih();
    wire::store_be16(answer.header.bytes, 14, parameters.tsih);
    cmd_sn_ = request.get(Word::cmd_sn);
    begin_session(parameters, nexus);
    return LoginStatus::success;
}

void IscsiConnection::begin_session(const SessionParameters& parameters, NexusId nexus) {
    IscsiSession::Start start;
    start.parameters = parameters;
    start.nexus = nexus;
    start.controller = home_.settings.controller;
    start.cmd_sn = cmd_sn_;
    start.stat_sn = stat_sn_ + 1; // After the answer that completes the login.
    start.end = [this](bool at_once) {
        if (at_once) {
            close();
            return;
        }
        ++operations_;
        boost::asio::post(socket_.get_executor(), [this] {
            if (end_operation()) {
                close_after_flush();
            }
        });
    };
    session_ = std::make_unique<IscsiSession>(home_.node, sender_, std::move(start));
}

} // namespace drivers::array
