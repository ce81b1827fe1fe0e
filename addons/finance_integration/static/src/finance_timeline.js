import {Component, onWillStart, useState} from "@odoo/owl";
import {deserializeDateTime, formatDate} from "@web/core/l10n/dates";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {router} from "@web/core/browser/router";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useAutofocus, useService} from "@web/core/utils/hooks";
import {useSetupAction} from "@web/search/action_hook";

const ICONS = {
    "account.move": "fa-book",
    "account.bank.statement.line": "fa-university",
    "finance.document": "fa-file-text-o",
    "finance.exception": "fa-exclamation-triangle",
    "finance.message": "fa-envelope-o",
    "finance.payout": "fa-money",
};

/**
 * What happened to an id, foreign or ours: from delivery to ledger line, by day.
 * Opened from a record it tells about that record.
 */
export class FinanceTimeline extends Component {
    static template = "finance_integration.Timeline";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        useAutofocus({refName: "term"});
        this.state = useState({
            term: "",
            asked: false,
            found: [],
            days: [],
            more: false,
        });
        useSetupAction({getLocalState: () => ({term: this.state.term})});
        onWillStart(() => this.start());
    }

    start() {
        const {active_model: model, active_id: id} = this.props.action.context;
        const known = this.props.state?.term;
        if (model && id && !known) {
            return this.ask("look_at", [model, id]);
        }
        // After a reload the address still has it
        this.state.term = known || router.current.term?.toString() || "";
        return this.lookUp();
    }

    lookUp() {
        if (this.state.term.trim()) {
            return this.ask("look_up", [this.state.term]);
        }
    }

    async ask(method, args) {
        const told = await this.orm.call("finance.timeline", method, args);
        Object.assign(this.state, {
            asked: true,
            found: told.found,
            more: told.more,
            days: this.byDay(told.events),
        });
        this.props.updateActionState?.({term: this.state.term});
    }

    byDay(events) {
        const days = new Map();
        for (const event of events) {
            const at = deserializeDateTime(event.at);
            const day = formatDate(at);
            days.set(day, [
                ...(days.get(day) || []),
                {...event, time: at.toFormat("HH:mm:ss")},
            ]);
        }
        return [...days].map(([day, list]) => ({
            day,
            weekday: deserializeDateTime(list[0].at).toFormat("cccc"),
            events: list,
        }));
    }

    icon(link) {
        return ICONS[link.model] || "fa-check-square-o";
    }

    open(link) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: link.model,
            res_id: link.id,
            views: [[false, "form"]],
        });
    }

    get nothing() {
        return _t(
            "Nothing is known under this id. Type it whole, as the other system or the books write it."
        );
    }
}

registry.category("actions").add("finance_timeline", FinanceTimeline);
