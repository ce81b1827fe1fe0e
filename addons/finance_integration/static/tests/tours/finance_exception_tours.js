import {registry} from "@web/core/registry";

const tours = registry.category("web_tour.tours");

const open = (words) => ({
    content: "Open the exception",
    trigger: `.o_list_view .o_data_row .o_data_cell:contains(${words})`,
    run: "click",
});

const press = (remedy) => ({
    content: "The form has the button that does it",
    trigger: `.o_form_view button.o_finance_remedy_${remedy}:visible`,
    run: "click",
});

const waiting = (count, words) => ({
    content: "One cause, and how much waits for it",
    trigger: `.o_form_view .o_field_widget[name=summary]:contains(${count} documents):contains(${words})`,
});

const sayWhy = (reason) => ({
    content: "Say why",
    trigger: ".modal .o_field_widget[name=reason] input",
    run: `edit ${reason}`,
});

const decide = (method) => ({
    content: "It is about all of them",
    trigger: `.modal button[name=${method}]`,
    run: "click",
});

const done = {
    content: "The question is gone",
    trigger: "body:not(:has(.modal)) .o_form_view",
};

tours.add("finance_grouped_exception_released", {
    steps: () => [
        open("cus_tour"),
        waiting(3, "cus_tour"),
        press("accept_once"),
        {
            content: "All that wait are named",
            trigger: ".modal .o_field_widget[name=document_count]:contains(3)",
        },
        sayWhy("The parent company pays."),
        decide("action_accept"),
        done,
    ],
});

tours.add("finance_grouped_exception_rejected", {
    steps: () => [
        open("odd_fee"),
        waiting(2, "odd_fee"),
        {
            content: "An approver may reject them",
            trigger: ".o_form_view .o_statusbar_buttons button:contains(Reject)",
            run: "click",
        },
        {
            content: "All that wait are named",
            trigger: ".modal .o_field_widget[name=document_count]:contains(2)",
        },
        sayWhy("Test orders of the shop."),
        decide("action_close"),
        {
            content: "The case is closed, and says why",
            trigger:
                "body:not(:has(.modal)) .o_form_view .alert-success:contains(Test orders of the shop.)",
        },
    ],
});

tours.add("finance_partner_is_chosen", {
    steps: () => [
        open("cus_tour"),
        press("choose_partner"),
        {
            content: "Whoever owes the invoice is suggested: take him",
            trigger:
                ".modal .o_field_widget[name=line_ids] .o_data_row:contains(A customer):contains(owes) button[name=action_take]",
            run: "click",
        },
        {
            content: "He is chosen",
            trigger: ".modal .o_field_widget[name=partner_id] input:value(A customer)",
        },
        decide("action_propose"),
        {
            content: "It says who has to confirm it",
            trigger: ".o_notification:contains(An approver confirms it)",
        },
        done,
    ],
});

tours.add("finance_chosen_partner_confirmed", {
    steps: () => [
        open("cus_tour"),
        press("open_reference"),
        {
            content: "What is in force, and what is proposed instead",
            trigger:
                ".o_form_view:has(.o_field_widget[name=target]:contains(Somebody Else)) .o_field_widget[name=proposed_target]:contains(A customer)",
        },
        {
            trigger: ".o_form_view button[name=action_confirm]",
            run: "click",
        },
        {
            content: "It is in force",
            trigger: ".o_form_view .o_field_widget[name=target]:contains(A customer)",
        },
    ],
});

tours.add("finance_difference_is_written_off", {
    steps: () => [
        open("po_tour"),
        press("write_off"),
        {
            content: "It says what is lacking, up to how much, and where it goes",
            trigger:
                ".modal:has(.o_field_widget[name=amount]:contains(0.02)):has(.o_field_widget[name=limit]:contains(1.00)) .o_field_widget[name=account_id]:contains(Cash Difference Gain)",
        },
        sayWhy("A cent of rounding each."),
        decide("action_write_off"),
        {
            content: "The case is closed, and says why",
            trigger:
                "body:not(:has(.modal)) .o_form_view .alert-success:contains(A cent of rounding each.)",
        },
    ],
});
