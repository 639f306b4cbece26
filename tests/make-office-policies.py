#!/usr/bin/env python3
"""Writes the office documents under tests/policies: tests/make-office-policies.py

Needs python-docx and openpyxl. The makers in them are fictional; what a reader finds
in them stands beside each as NAME.expected.json, written by hand.
"""
import zipfile
from pathlib import Path

import docx
import openpyxl
from docx.oxml.ns import qn
from docx.oxml import OxmlElement

HERE = Path(__file__).parent / "policies"


def link(paragraph, text, address):
    rel = paragraph.part.relate_to(
        address, "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink", is_external=True)
    element = OxmlElement("w:hyperlink")
    element.set(qn("r:id"), rel)
    run = OxmlElement("w:r")
    words = OxmlElement("w:t")
    words.text = text
    run.append(words)
    element.append(run)
    paragraph._p.append(element)


def word():
    document = docx.Document()
    document.add_heading("隐私政策", 0)
    document.add_heading("一、我们收集的信息", 1)
    document.add_paragraph("我们会收集您的设备型号、OAID & Android ID。")
    document.add_paragraph("我们不会收集您的通讯录。", style="List Bullet")
    document.add_heading("二、第三方SDK", 1)
    table = document.add_table(rows=1, cols=4)
    for cell, words in zip(table.rows[0].cells, ["公司名称", "SDK名称", "收集的个人信息", "隐私政策链接"]):
        cell.text = words
    for row in [("北京青禾网络科技有限公司", "青禾推送SDK", "IMEI、OAID"), ("", "青禾地图SDK", "位置信息"),
                ("上海云杉信息技术有限公司", "云杉统计SDK", "MAC地址")]:
        cells = table.add_row().cells
        for cell, words in zip(cells, row):
            cell.text = words
    table.cell(1, 0).merge(table.cell(2, 0))
    link(table.cell(1, 3).paragraphs[0], "查看", "https://qinghe.example.com/privacy?a=1&b=2")
    document.add_heading("三、存储", 1)
    document.add_paragraph("您的个人信息存储于中华人民共和国境内。")
    document.save(HERE / "word.docx")


def workbook():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "第三方清单"
    sheet.append(["第三方信息共享清单"])
    sheet.merge_cells("A1:D1")
    sheet.append(["公司名称", "SDK名称", "使用目的", "收集的个人信息"])
    sheet.append(["北京青禾网络科技有限公司", "青禾推送SDK", "消息推送", "IMEI、OAID"])
    sheet.append([None, "青禾地图SDK", "地图展示", "位置信息"])
    sheet.merge_cells("A3:A4")
    other = book.create_sheet("权限")
    other.append(["权限名称", "用途"])
    other.append(["相机", "扫码"])
    book.save(HERE / "workbook.xlsx")


def several():
    with zipfile.ZipFile(HERE / "several.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for name, text in [
            ("policy/隐私政策.txt", "隐私政策\n我们会收集您的OAID。\n"),
            ("policy/sdk.md", "| SDK名称 | 收集信息 |\n|---|---|\n| 青禾推送SDK | IMEI |\n"),
            ("policy/logo.png", "\x89PNG"),
        ]:
            out.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), text)


word()
workbook()
several()
