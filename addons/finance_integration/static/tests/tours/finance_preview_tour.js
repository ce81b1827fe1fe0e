import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

const call = (method, args) =>
    rpc(`/web/dataset/call_kw/finance.preview/${method}`, {
        model: "finance.preview",
        method,
        args,
        kwargs: {},
    });

registry.category("web_tour.tours").add("finance_preview_shows_how_it_goes_on", {
    steps: () => [
        {
            content: "Open what was proposed",
            trigger: ".o_list_view .o_data_row .o_data_cell:contains(For a test)",
            run: "click",
        },
        {
            trigger: ".o_form_view button[name=action_preview]",
            run: "click",
        },
        {
            trigger: ".modal button[name=action_start]",
            run: "click",
        },
        {
            content: "It waits for its turn; meanwhile somebody else stops it",
            trigger: ".o_form_view .o_field_widget[name=progress].o_field_progressbar",
            async run() {
                const ids = await call("search", [[["state", "=", "waiting"]]]);
                await call("action_cancel", [ids]);
            },
        },
        {
            content: "The form tells without being asked",
            trigger:
                ".o_form_view .alert .o_field_widget[name=reason]:contains(Stopped by)",
        },
    ],
});
