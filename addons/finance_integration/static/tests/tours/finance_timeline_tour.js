import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("finance_timeline_finds_the_origin", {
    steps: () => [
        {
            content: "Ask about the number of an invoice",
            trigger: ".o_finance_timeline input[name=term]",
            run: "edit INV/TOUR/1",
        },
        {
            trigger: ".o_finance_timeline button[type=submit]",
            run: "click",
        },
        {
            content: "The story begins with the delivery",
            trigger: ".o_finance_step:first:contains(Delivered):contains(evt_tour)",
        },
        {
            content: "and ends in the ledger",
            trigger: ".o_finance_step:contains(Reconciled):contains(INV/TOUR/1)",
        },
        {
            content: "Open the document the entry was posted for",
            trigger: ".o_finance_step:contains(Posted) a:contains(txn_tour)",
            run: "click",
        },
        {
            content: "From there the timeline is one click away",
            trigger: ".o_form_view button.oe_stat_button:contains(Timeline)",
            run: "click",
        },
        {
            trigger: ".o_finance_timeline .o_finance_step:contains(Posted)",
        },
    ],
});
